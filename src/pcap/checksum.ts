/** The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of big-endian 16-bit words. */

/**
 * Adds the words of the bytes from `start` up to `end` to `sum`; an odd last byte counts as if a zero followed. Takes
 * two words at a time, which comes to the same once carries are folded in. Exact for up to 4 MiB.
 */
export function addWords(sum: number, view: DataView, start: number, end: number): number {
  let total = sum;
  let at = start;
  for (; at + 4 <= end; at += 4) total += view.getUint32(at);
  for (; at + 2 <= end; at += 2) total += view.getUint16(at);
  return at < end ? total + view.getUint8(at) * 256 : total;
}

/** The checksum of a sum: carries folded in, complemented. */
export function checksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = Math.floor(folded / 0x1_0000) + (folded % 0x1_0000);
  return ~folded & 0xffff;
}
