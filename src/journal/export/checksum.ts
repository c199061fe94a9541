/** The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of big-endian 16-bit words. */

/** Adds the words of `bytes[start..end)` to `sum`; an odd last byte counts as if a zero followed. Up to 16 MiB at a time. */
export function addWords(sum: number, bytes: Uint8Array, start: number, end: number): number {
  let total = sum;
  const even = start + ((end - start) & ~1);
  for (let i = start; i < even; i += 2) total += (bytes[i]! << 8) | bytes[i + 1]!;
  if (even < end) total += bytes[even]! << 8;
  return total;
}

/** The checksum of a sum: carries folded in, complemented. */
export function checksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = Math.floor(folded / 0x1_0000) + (folded % 0x1_0000);
  return ~folded & 0xffff;
}
