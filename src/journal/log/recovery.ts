/** Recovery: puts right what a process left that did not end in order. */
import type { GapReason } from '../../records/chunk.ts';
import { gapChunk } from '../own-chunks.ts';
import type { Ledger } from './log.ts';

/**
 * The newest messages may have gone and their numbers been seen: the machine went down too, or the write-ahead log is
 * damaged. So each history goes on beyond all numbers it had set aside. A gap record tells.
 */
export function passOverReserved(ledger: Ledger, reason: GapReason): void {
  for (const book of ledger.books.values()) {
    if (book.reserved <= book.lastSeq) continue;
    const passed = book.passOver(book.reserved);
    ledger.appendOwn(book, gapChunk(book.listener.number, reason, passed, 0));
  }
}
