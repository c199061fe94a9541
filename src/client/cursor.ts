/**
 * Where a reader stands among the messages of one listener: a seq, or `57.2` for the second other record after it. One
 * that the service gave out has the epoch of its history behind a `~`.
 */
import type { Message } from './message.ts';

/**
 * Where to begin: beyond a seq, a cursor of an earlier answer or a message; `start` from the oldest there is, `now` beyond
 * all that has arrived.
 */
export type After = number | string | Message | 'start' | 'now';

/** The cursor without its epoch, for people. */
export function positionOf(cursor: string): string {
  return cursor.replace(/~.*$/, '');
}

/** Whether a cursor lies beyond another one. A history that has begun anew is beyond any other. */
export function isBeyond(cursor: string, other: string): boolean {
  const [a, b] = [placeOf(cursor), placeOf(other)];
  if (a.epoch !== undefined && b.epoch !== undefined && a.epoch !== b.epoch) return true;
  return (a.seq - b.seq || a.record - b.record) > 0;
}

/** A cursor taken apart. */
export function placeOf(cursor: string): { seq: number; record: number; epoch: string | undefined } {
  const [position = '', epoch] = cursor.split('~');
  const [seq = '0', record = '0'] = position.split('.');
  return { seq: Number(seq), record: Number(record), epoch };
}
