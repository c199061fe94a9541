import type { Clock } from '../clock/clock.ts';
import type { Match } from '../schemas/match.ts';

/** A verification with its defaults filled in; times in milliseconds. */
export type Verification = {
  listener: number;
  /** Cursor in text; messages after it count. */
  after: string;
  direction: 'in' | 'out';
  match: Match | undefined;
  /** Only messages that no rule matched, or only the others. */
  unmatched?: boolean | undefined;
  count: Count;
  inOrder: Match[] | undefined;
  maxInterval: number | null;
  within: number;
  quietFor: number;
  /** The platform's by default. */
  clock?: Clock;
};
export type Count = { least: number; most: number };

/** A message that counted: its seq, and when it came in microseconds since 1970. */
export type Found = { seq: number; at: string };
