/** Times as RFC 3339 in UTC with microseconds, written straight into bytes. */
import type { ByteWriter } from './byte-writer.ts';

const LENGTH = 27;
const DOT = 19;

let second = -1;
/** `2026-01-02T03:04:05.` of that second. */
let prefix = Buffer.alloc(0);

/** Writes `2026-01-02T03:04:05.678901Z` for microseconds since 1970. */
export function writeTime(writer: ByteWriter, micros: number): void {
  const whole = Math.floor(micros / 1e6);
  if (whole !== second) {
    second = whole;
    prefix = Buffer.from(`${new Date(whole * 1000).toISOString().slice(0, DOT)}.`);
  }
  const buffer = writer.reserve(LENGTH);
  buffer.set(prefix, writer.length);
  let rest = micros - whole * 1e6;
  for (let at = writer.length + LENGTH - 2; at > writer.length + DOT; at--) {
    const next = (rest / 10) | 0;
    buffer[at] = 0x30 + (rest - next * 10);
    rest = next;
  }
  buffer[writer.length + LENGTH - 1] = 0x5a;
  writer.length += LENGTH;
}
