/** The ways captures write time, all as nanoseconds since 1970. */

/** How an interface counts time: `scale` nanoseconds are `per` units; `offset` is added, in nanoseconds. */
export type TimeUnit = { scale: bigint; per: bigint; offset: bigint };

const NANOS = 1_000_000_000n;

/** pcapng's default: microseconds. */
export const MICROSECONDS: TimeUnit = { scale: 1000n, per: 1n, offset: 0n };

/** The unit that `if_tsresol` means: a power of ten, or of two when the high bit is set. */
export function timeUnit(resolution: number): TimeUnit {
  const exponent = BigInt(resolution & 0x7f);
  const base = resolution & 0x80 ? 2n : 10n;
  return { scale: NANOS, per: base ** exponent, offset: 0n };
}

export function nanosOf(high: number, low: number, unit: TimeUnit): bigint {
  const units = (BigInt(high) << 32n) | BigInt(low);
  return (units * unit.scale) / unit.per + unit.offset;
}

/** RFC 3339 with up to nine digits of a second's fraction; undefined when it is none. */
export function parseInstant(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/i.exec(text);
  if (match === null) return undefined;
  const millis = Date.parse(`${match[1]}${match[3]}`.toUpperCase());
  if (Number.isNaN(millis)) return undefined;
  return BigInt(millis) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}
