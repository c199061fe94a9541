/** Recovery: puts right what a process left that did not end in order. */
import type { Book } from './book.ts';
import type { Ledger } from './ledger.ts';
import { gapChunk } from './overflow.ts';

/**
 * Rows that are not whole go. When the machine went down too, the newest messages may have gone and their numbers been
 * seen, so each history goes on beyond all numbers it had set aside. A gap record tells either.
 */
export function recover(ledger: Ledger, { powerLost }: { powerLost: boolean }): void {
  removeBroken(ledger);
  if (!powerLost) return;
  for (const book of ledger.books.values()) {
    if (book.reserved > book.lastSeq) tell(ledger, book, book.passOver(book.reserved));
  }
}

function removeBroken(ledger: Ledger): void {
  for (const row of ledger.store.broken()) {
    ledger.store.remove(row);
    const book = ledger.books.get(row.listener);
    if (book !== undefined) tell(ledger, book, row.end.major - row.start.major);
  }
}

function tell(ledger: Ledger, book: Book, lost: number): void {
  ledger.appendOwn(book, gapChunk(book.listener.number, 'restart', lost, 0));
}
