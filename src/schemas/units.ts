/** Durations and byte sizes as people write them. */

const MILLISECONDS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Patterns for schemas. */
export const DURATION_PATTERN = '^\\d+(\\.\\d+)?(ms|s|m|h|d)$';
/** In a query string and a header everything is text, so a number of milliseconds is digits alone. */
export const QUERY_DURATION_PATTERN = '^(\\d+|\\d+(\\.\\d+)?(ms|s|m|h|d))$';
export const BYTES_PATTERN = '^(\\d+|\\d+(\\.\\d+)?(B|KiB|MiB|GiB))$';

/** Milliseconds of `"500ms"`, `"5s"`, `"2m"`, `"1h"` or a number of milliseconds; undefined when it is neither. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(value);
  if (match === null) return undefined;
  return Number(match[1]) * MILLISECONDS[match[2] ?? 'ms']!;
}

/** Bytes of an integer, `"64KiB"`, `"1MiB"` or `"1GiB"`; undefined when it is none of them. */
export function parseBytes(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/.exec(value);
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * BYTES[match[2]!]!);
}
