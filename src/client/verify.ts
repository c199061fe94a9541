/** Verifications: the service counts, waits and explains; what did not pass is an error with the whole story. */
import type { Match } from '../schemas/match.ts';
import type { After } from './cursor.ts';
import { type NearMiss, VerifyError } from './errors.ts';
import type { Listener } from './listener.ts';
import { type Duration, durationText, milliseconds } from './query.ts';
import { report } from './report.ts';

export type VerifyOptions = {
  /** Default: from the start. */
  after?: After;
  /** Default: `in`. */
  direction?: 'in' | 'out';
  match?: Match;
  count?: { exactly?: number; atLeast?: number; atMost?: number };
  /** How long it may take until it holds; default: it must hold now. */
  within?: Duration;
  /** Then nothing more that matches may come for this long. */
  quietFor?: Duration;
  /** One after the other, others may lie between. */
  inOrder?: Match[];
  /** Between two of them in order at most. */
  maxInterval?: Duration;
  signal?: AbortSignal;
};

export type Verification = {
  passed: boolean;
  matched: number;
  /** The messages that matched. */
  seqs: number[];
  /** In words. */
  explanation: string;
  nearMisses?: NearMiss[];
};

export async function verify(listener: Listener, options: VerifyOptions): Promise<Verification> {
  const { after, within, quietFor, maxInterval, signal, ...rest } = options;
  const place = after === undefined ? undefined : await listener.placeOf(after);
  const body = {
    ...rest,
    ...(place === undefined ? {} : { after: /^\d+$/.test(place) ? Number(place) : place }),
    ...durations({ within, quietFor, maxInterval }),
  };
  const patience = milliseconds(within ?? 0) + milliseconds(quietFor ?? 0);
  const verification = await listener.rawVerification(body, { patience, signal });
  if (verification.passed) return verification;
  throw new VerifyError(await story(listener, options, verification), verification);
}

function durations(all: Record<string, Duration | undefined>): Record<string, string> {
  const given = Object.entries(all).filter((entry): entry is [string, Duration] => entry[1] !== undefined);
  return Object.fromEntries(given.map(([name, duration]) => [name, durationText(duration)]));
}

function story(listener: Listener, options: VerifyOptions, verification: Verification): Promise<string> {
  const { signal: _, after: __, ...wanted } = options;
  const { matched, seqs, explanation, nearMisses = [] } = verification;
  const which =
    seqs.length === 0
      ? ''
      : `: ${seqs
          .slice(0, 10)
          .map((seq) => `#${seq}`)
          .join(', ')}`;
  const lines: [string, string][] = [
    ['wanted', JSON.stringify(wanted)],
    ['got', `${matched} matched${which}`],
  ];
  return report(listener, { headline: `not verified: ${explanation}`, lines, nearMisses });
}
