/**
 * Refusals: what full histories with `overflow: dropNewest` would not take. Each refusal is to be told by a gap record,
 * but a history that stays full must not fill up with them: they come ever more rarely while it goes on.
 */

import type { Clock } from '../../clock/clock.ts';
import { gapChunk } from '../own-chunks.ts';
import type { History } from './history.ts';

/** The n-th gap record without a message between comes n seconds after the one before, but no later than this. */
const LONGEST_PAUSE = 60;

export class OverflowGaps {
  readonly #histories = new Set<History>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes `in` messages refused. */
  note(history: History, refused: number): void {
    history.full += refused;
    history.refused.pending += refused;
    this.#histories.add(history);
  }

  /** Histories whose next gap record is due. */
  due(): History[] {
    if (this.#histories.size === 0) return [];
    const now = this.#clock.now();
    return [...this.#histories].filter(({ refused }) => now >= refused.nextGapAt);
  }

  /** The gap record of what is noted, as a chunk to be stored now; undefined when nothing is. */
  gap(history: History): Uint8Array | undefined {
    const { refused } = history;
    if (refused.pending === 0) return undefined;
    const now = this.#clock.now();
    const chunk = gapChunk(history.listener.number, 'full', refused.pending, (now * 1000 - history.openedAt) * 1000);
    refused.pending = 0;
    refused.gaps++;
    refused.nextGapAt = now + Math.min(refused.gaps, LONGEST_PAUSE) * 1000;
    this.#histories.delete(history);
    return chunk;
  }

  /** The history takes messages again: the next refusal is told at once. */
  settle({ refused }: History): void {
    refused.gaps = 0;
    refused.nextGapAt = 0;
  }

  /** Goes back to what was noted before. */
  revert(history: History, refused: History['refused']): void {
    Object.assign(history.refused, refused);
    if (refused.pending > 0) this.#histories.add(history);
    else this.#histories.delete(history);
  }

  forget(history: History): void {
    this.#histories.delete(history);
  }
}
