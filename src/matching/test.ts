/**
 * A compiled test over messages. `holds` is the hot path and allocates nothing where it can; `miss` is asked only of
 * messages that did not match and says in words what a person would look for first.
 */

import type { ByteDiff } from '../schemas/match.ts';
import type { Subject } from './subject.ts';

export type Miss = {
  /** In words: "byte 4: expected 01, was 03". */
  why: string;
  /** 0 (nothing alike) to 1 (all but): the nearest misses are shown first. */
  closeness: number;
  diff?: ByteDiff;
};

export interface Test<S = Subject> {
  holds(subject: S): boolean;
  /** Only for a subject that the test does not hold for. */
  miss(subject: S): Miss;
}

/** Thrown for a match that can't be compiled; `pointer` says where in the match. */
export class MatchError extends Error {
  readonly pointer: string;
  constructor(pointer: string, message: string) {
    super(message);
    this.pointer = pointer;
  }
}
