/** ASCII letters in upper case, on bytes. */

/** A copy with a-z in upper case; other bytes stay, whatever their encoding. */
export function upperCase(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    result[i] = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
  }
  return result;
}
