/**
 * Verifications: what must, or must not, have arrived. Built on the journal's wait alone: what is expected is waited for,
 * what must not come is waited for too, and the wait's failure is the proof. No polling, no sleeping.
 */
import { asBuffer } from '../as-buffer.ts';
import { systemClock } from '../clock/clock.ts';
import type { Messages } from '../domain.ts';
import type { Match } from '../schemas/match.ts';
import type { NearMiss, WaitResult } from '../schemas/reads.ts';
import type { Verdict } from '../schemas/verification.ts';
import { explainCount, explainOrder, explainQuiet } from './explain.ts';
import type { Found, Verification } from './verification.ts';

type Phase = { passed: boolean; found: Found[]; next: string; nearMisses: NearMiss[]; explanation: string };

/** Rejects as Messages.wait does; `gone` when the listener is deleted meanwhile. */
export async function verify(journal: Messages, asked: Verification, signal: AbortSignal): Promise<Verdict | 'gone'> {
  const waiter = new Waiter(journal, asked, signal);
  const first = await (asked.inOrder === undefined ? counted(waiter, asked) : inOrder(waiter, asked, asked.inOrder));
  if (first === 'gone') return first;
  const phase = first.passed && asked.quietFor > 0 ? await quiet(waiter, asked, first) : first;
  if (phase === 'gone') return phase;
  const { passed, found, nearMisses, explanation } = phase;
  return { passed, matched: found.length, seqs: found.map(({ seq }) => seq), explanation, nearMisses };
}

/** `atLeast` is content when met; the others fail at once when exceeded, else are judged at the end of `within`. */
async function counted(waiter: Waiter, asked: Verification): Promise<Phase | 'gone'> {
  const { count, match, within } = asked;
  const bounded = count.most !== Number.POSITIVE_INFINITY;
  const wanted = bounded ? count.most + 1 : Math.max(1, count.least);
  const waited = await waiter.wait({
    match,
    after: asked.after,
    count: wanted,
    timeout: count.least === 0 && !bounded ? 0 : within,
  });
  if (waited.gone) return 'gone';
  const found = foundIn(waited);
  const passed = found.length >= count.least && found.length <= count.most;
  const next = bounded ? waited.next : await waiter.end();
  const explanation = explainCount(asked, found, passed, waited.nearMisses);
  return { passed, found, next, nearMisses: passed ? [] : waited.nearMisses, explanation };
}

async function inOrder(waiter: Waiter, asked: Verification, steps: Match[]): Promise<Phase | 'gone'> {
  const { clock = systemClock } = asked;
  const until = clock.monotonic() + asked.within;
  const found: Found[] = [];
  let next = asked.after;
  for (const [step, match] of steps.entries()) {
    const timeout = Math.max(0, until - clock.monotonic());
    const waited = await waiter.wait({ match: both(asked.match, match), after: next, count: 1, timeout });
    if (waited.gone) return 'gone';
    const hit = foundIn(waited)[0];
    const late = hit !== undefined && isLate(asked, found.at(-1), hit);
    if (hit === undefined || late) {
      const explanation = explainOrder(asked, {
        steps,
        step,
        found,
        late: late ? hit : undefined,
        nearMisses: waited.nearMisses,
      });
      return { passed: false, found, next, nearMisses: waited.nearMisses, explanation };
    }
    found.push(hit);
    next = `${hit.seq}`;
  }
  const explanation = explainOrder(asked, { steps, step: steps.length, found, late: undefined, nearMisses: [] });
  return { passed: true, found, next, nearMisses: [], explanation };
}

function isLate({ maxInterval }: Verification, before: Found | undefined, hit: Found): boolean {
  return maxInterval !== null && before !== undefined && Date.parse(hit.at) - Date.parse(before.at) > maxInterval;
}

/** No further match for `quietFor`. After an ordered verification any message that fits one of its steps is further. */
async function quiet(waiter: Waiter, asked: Verification, first: Phase): Promise<Phase | 'gone'> {
  const match = asked.inOrder === undefined ? asked.match : both(asked.match, { any: asked.inOrder });
  const waited = await waiter.wait({ match, after: first.next, count: 1, timeout: asked.quietFor });
  if (waited.gone) return 'gone';
  const stray = foundIn(waited)[0];
  const explanation = explainQuiet(asked, first.explanation, stray);
  if (stray === undefined) return { ...first, explanation };
  return { ...first, passed: false, found: [...first.found, stray], explanation };
}

function both(a: Match | undefined, b: Match): Match {
  return a === undefined ? b : { all: [a, b] };
}

/** The items of an answer: encoded as JSON objects with commas between. */
function foundIn({ body }: WaitResult): Found[] {
  return JSON.parse(`[${asBuffer(body).toString()}]`) as Found[];
}

type Question = { match: Match | undefined; after: string; count: number; timeout: number };

/** Asks the journal about one listener and direction. */
class Waiter {
  readonly #journal: Messages;
  readonly #asked: Verification;
  readonly #signal: AbortSignal;

  constructor(journal: Messages, asked: Verification, signal: AbortSignal) {
    this.#journal = journal;
    this.#asked = asked;
    this.#signal = signal;
  }

  wait({ match, after, count, timeout }: Question): Promise<WaitResult> {
    const { listener, direction, unmatched } = this.#asked;
    const filter = {
      direction,
      ...(match === undefined ? {} : { match }),
      ...(unmatched === undefined ? {} : { unmatched }),
    };
    const bounds = { before: null, order: 'asc', limit: count, maxBytes: Number.MAX_SAFE_INTEGER } as const;
    const read = { scope: { listener }, after, ...bounds, filter, payload: 'none', format: 'json' } as const;
    return this.#journal.wait({ ...read, count, timeout }, this.#signal);
  }

  end(): Promise<string> {
    return this.#journal.end({ listener: this.#asked.listener });
  }
}
