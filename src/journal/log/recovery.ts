/** Recovery: puts right what a process left that did not end in order. */
import type { GapReason } from '../../records/chunk.ts';
import { gapChunk } from '../own-chunks.ts';
import type { Log } from './log.ts';

/**
 * The newest messages may have gone and their numbers been seen: the machine went down too, or the write-ahead log is
 * damaged. So each history goes on beyond all numbers it had set aside. A gap record tells.
 */
export function passOverReserved(log: Log, reason: GapReason): void {
  for (const history of log.histories.values()) {
    if (history.reserved <= history.lastSeq) continue;
    const passed = history.skipTo(history.reserved);
    log.appendOwn(history, gapChunk(history.listener.number, reason, passed, 0));
  }
}
