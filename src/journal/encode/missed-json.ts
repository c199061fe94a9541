/** Messages that a reader came too late for, as the JSON of a gap record. It isn't stored, so it has no time. */

import type { MissedRange } from '../../schemas/reads.ts';
import type { JournalListener } from '../journal.ts';

/** Without a listener it tells of all of them. */
export function missedJson({ reason, dropped, fromSeq, toSeq }: MissedRange, listener?: JournalListener): string {
  const place = listener && { afterSeq: (fromSeq ?? 1) - 1, listenerId: listener.id };
  return JSON.stringify({ ...place, kind: 'gap', reason, dropped, fromSeq, toSeq });
}
