/** Durations and byte sizes as people write them. */

const MILLISECONDS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Patterns for schemas. */
export const DURATION_PATTERN = '^\\d+(\\.\\d+)?(ms|s|m|h|d)$';
/** In a query string and a header everything is text, so a number of milliseconds is digits alone. */
export const QUERY_DURATION_PATTERN = '^(\\d+|\\d+(\\.\\d+)?(ms|s|m|h|d))$';
export const WHOLE_PATTERN = '^\\d+$';
export const PORTS_PATTERN = '^\\d+-\\d+$';
export const BYTES_PATTERN = '^(\\d+|\\d+(\\.\\d+)?(B|KiB|MiB|GiB))$';

/** The longest duration there is: a century. Moments that far from now can still be written. */
export const LONGEST_DURATION = 36_500 * MILLISECONDS.d!;

/**
 * Milliseconds of `"500ms"`, `"5s"`, `"2m"`, `"1h"` or a number of milliseconds; undefined when it is neither, or longer
 * than LONGEST_DURATION.
 */
export function parseDuration(value: string | number): number | undefined {
  const milliseconds = lengthOf(value);
  return milliseconds <= LONGEST_DURATION ? milliseconds : undefined;
}

/** What is wrong with a duration that does not parse. */
export function whyNotDuration(value: string | number): string {
  if (lengthOf(value) > LONGEST_DURATION) return 'is longer than 36500d, the longest duration there is';
  return 'must be a duration such as "500ms", "5s" or milliseconds';
}

function lengthOf(value: string | number): number {
  if (typeof value === 'number') return value >= 0 ? value : Number.NaN;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(value);
  return match === null ? Number.NaN : Number(match[1]) * MILLISECONDS[match[2] ?? 'ms']!;
}

/** Bytes of an integer, `"64KiB"`, `"1MiB"` or `"1GiB"`; undefined when it is none of them. */
export function parseBytes(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/.exec(value);
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * BYTES[match[2]!]!);
}
