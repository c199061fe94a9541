/** What one reader was given of one listener: in order, nothing twice, and no hole but those it was told of. */
import type { Item, Known, World } from './world.ts';

type Gap = { reason: string; dropped: number; fromSeq?: number; toSeq?: number };

export class Trail {
  /** The seq it has come to; undefined before its first message when it began in the middle. */
  last: number | undefined;
  readonly #world: World;
  readonly #known: Known;
  readonly #who: string;

  constructor(world: World, known: Known, { who, last }: { who: string; last?: number }) {
    this.#world = world;
    this.#known = known;
    this.#who = who;
    this.last = last;
  }

  message(item: Item): void {
    const { last } = this;
    if (last !== undefined && item.seq !== last + 1) this.#violate(`was given #${item.seq} after #${last}`);
    if (item.direction === 'out' && item.inReplyTo >= item.seq)
      this.#violate(`#${item.seq} answers #${item.inReplyTo}`);
    this.last = item.seq;
    this.#world.saw(this.#known, item);
  }

  /** Losses on the way in have no numbers: nothing is missing from the numbered messages for them. */
  gap({ reason, dropped, fromSeq, toSeq }: Gap): void {
    if (fromSeq === undefined || toSeq === undefined) return;
    const { last } = this;
    if (!this.#known.forgets) this.#violate(`was told of a gap: ${reason} ${fromSeq}..${toSeq}`);
    if (dropped !== toSeq - fromSeq + 1) this.#violate(`a gap of ${dropped} is ${fromSeq}..${toSeq}`);
    if (last !== undefined && fromSeq !== last + 1) this.#violate(`a gap begins at #${fromSeq} after #${last}`);
    this.last = toSeq;
  }

  #violate(what: string): void {
    this.#world.violate(`${this.#who} of ${this.#known.id} (${this.#known.kind}): ${what}`);
  }
}
