/** Verifications: the service counts, waits and explains; what did not pass is an error with the whole story. */
import type { Verdict, VerificationRequest } from '../schemas/verification.ts';
import type { After } from './cursor.ts';
import { VerifyError } from './errors.ts';
import type { ListenerReads } from './listener-reads.ts';
import { milliseconds } from './query.ts';
import { report } from './report.ts';

export type VerifyOptions = Omit<VerificationRequest, 'after' | 'orFail'> & {
  /** Default: from the start. */
  after?: After;
  signal?: AbortSignal;
};
export type { Verdict };

export async function verify(listener: ListenerReads, options: VerifyOptions): Promise<Verdict> {
  const { after, signal, ...wanted } = options;
  const place = after === undefined ? {} : { after: await listener.placeOf(after) };
  const extraTime = milliseconds(wanted.within ?? 0) + milliseconds(wanted.quietFor ?? 0);
  const verdict = await listener.rawVerification({ ...wanted, ...place }, { extraTime, signal });
  if (verdict.passed) return verdict;
  const lines: [string, string][] = [
    ['wanted', JSON.stringify(wanted)],
    ['verdict', verdict.explanation],
  ];
  throw new VerifyError(await report(listener, { headline: 'not verified', lines, nearMisses: [] }), verdict);
}
