/** Messages that a reader came too late for, as the JSON of a gap record. It isn't stored, so it has no time. */
import type { JournalListener, MissedRange } from '../journal.ts';

export function missedJson({ reason, dropped, fromSeq, toSeq }: MissedRange, listener: JournalListener): string {
  const afterSeq = fromSeq - 1;
  return JSON.stringify({ afterSeq, listenerId: listener.id, kind: 'gap', reason, dropped, fromSeq, toSeq });
}
