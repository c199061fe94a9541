/**
 * A compiled test over messages. `holds` is the hot path and allocates nothing where it can; `miss` is asked only of
 * messages that did not match and says in words what a person would look for first.
 */

import type { ByteDiff } from '../schemas/match.ts';

/** What a test looks at. `payload` is what was kept, `size` what was on the wire. */
export type Subject = {
  payload: Uint8Array;
  size: number;
  /** 16 address bytes at `remoteOffset` of `remote`, absent when the message has no peer. */
  remote?: { bytes: Uint8Array; offset: number; port: number };
};

export type Miss = {
  /** In words: "byte 4: expected 01, was 03". */
  why: string;
  /** 0 (nothing alike) to 1 (all but): the nearest misses are shown first. */
  closeness: number;
  diff?: ByteDiff;
};

export interface Test {
  holds(subject: Subject): boolean;
  /** Only for a subject that the test does not hold for. */
  miss(subject: Subject): Miss;
}

/** Thrown for a match that can't be compiled; `pointer` says where in the match. */
export class MatchError extends Error {
  readonly pointer: string;
  constructor(pointer: string, message: string) {
    super(message);
    this.pointer = pointer;
  }
}
