/** Gaps that a reader is told of beside what it finds. */
import type { MissedRange } from '../../schemas/reads.ts';
import type { FoundRow } from '../store/store.ts';

/** One gap for two; what came of a cursor of an earlier life stays told. */
export function together(first: MissedRange, second: MissedRange): MissedRange {
  const reason = first.reason === 'restart' ? first.reason : second.reason;
  const seqs = [first, second].flatMap(({ fromSeq, toSeq }) => [fromSeq ?? [], toSeq ?? []].flat());
  const dropped = first.dropped + second.dropped;
  return seqs.length === 0
    ? { reason, dropped }
    : { reason, dropped, fromSeq: Math.min(...seqs), toSeq: Math.max(...seqs) };
}

/** What a reader misses of a damaged chunk, as far as it lies on the way. */
export function damagedRange({ start, end }: Pick<FoundRow, 'start' | 'end'>): MissedRange {
  const dropped = end.major - start.major;
  return dropped === 0
    ? { reason: 'damaged', dropped }
    : { reason: 'damaged', dropped, fromSeq: start.major + 1, toSeq: end.major };
}
