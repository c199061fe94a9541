/**
 * How far the messages of one listener were given out. What came in, what went out and other records have a place each: a
 * wait looks at `in` messages alone unless it says otherwise, and what went out in between must not be lost for it.
 */
import { isBeyond, placeOf } from './cursor.ts';

/** What a read looks at. */
export type Sight = 'in' | 'out' | 'records';
const SIGHTS: readonly Sight[] = ['in', 'out', 'records'];

type Looking = { direction?: Sight | undefined; kind?: string | readonly string[] | undefined };
type Numbered = { seq: number; direction: 'in' | 'out' };

/** Seqs given out beyond the place of the other direction that are kept in mind. */
const KEPT = 10_000;

/** What a wait looks at: messages that came in, unless direction or kind say otherwise. */
export function sightsOfWait(looking: Looking): Sight[] {
  return looking.kind === undefined && looking.direction === undefined ? ['in'] : sightsOfStream(looking);
}

/** What a stream looks at: messages both ways, unless direction or kind say otherwise. */
export function sightsOfStream({ direction, kind = 'message' }: Looking): Sight[] {
  const kinds = [kind].flat().flatMap((text) => text.split(','));
  const messages: Sight[] = direction === undefined ? ['in', 'out'] : [direction];
  const hasOthers = kinds.some((one) => one !== 'message' && one !== 'gap');
  return [...(kinds.includes('message') ? messages : []), ...(hasOthers ? ['records' as const] : [])];
}

export class ReadingPlace {
  readonly #at: Record<Sight, string> = { in: '0', out: '0', records: '0' };
  /** Seqs of messages that were given out beyond a place. */
  readonly #given = new Set<number>();

  /** No message before this one is left to be given out. */
  get at(): string {
    return this.of(['in', 'out']);
  }

  /** Where a read begins that looks at these. */
  of(sights: readonly Sight[]): string {
    return sights.map((sight) => this.#at[sight]).reduce((a, b) => (isBeyond(a, b) ? b : a));
  }

  set(cursor: string): void {
    for (const sight of SIGHTS) this.#at[sight] = cursor;
    this.#given.clear();
  }

  /** Moves on to a cursor what was looked at, unless it is there or beyond already. */
  advance(cursor: string, sights: readonly Sight[] = SIGHTS): void {
    for (const sight of sights) if (isBeyond(cursor, this.#at[sight])) this.#at[sight] = cursor;
  }

  /** These were given out. Where no number is left out, nothing else lies between. */
  give(messages: readonly Numbered[]): void {
    let { seq } = placeOf(this.at);
    for (const message of messages) if (message.seq > seq && this.#given.size < KEPT) this.#given.add(message.seq);
    while (this.#given.delete(seq + 1)) seq++;
    if (seq > placeOf(this.at).seq) this.advance(`${seq}`, ['in', 'out']);
    if (this.#given.size === KEPT) for (const given of this.#given) if (given <= seq) this.#given.delete(given);
  }

  /** Tells which messages lie behind the places as they are now; undefined when none can that a read from there finds. */
  passed(sights: readonly Sight[]): ((message: Numbered) => boolean) | undefined {
    const [ins, outs] = [placeOf(this.#at.in).seq, placeOf(this.#at.out).seq];
    const from = placeOf(this.of(sights)).seq;
    if (sights.length === 1 || (ins === from && outs === from)) return undefined;
    return ({ seq, direction }) => seq <= (direction === 'in' ? ins : outs);
  }
}
