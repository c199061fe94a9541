/** Whole numbers as bytes. */
export type IntegerWriter = {
  readonly size: number;
  /** The largest number that fits. */
  readonly largest: bigint;
  /** The low bits of a number. */
  write(value: bigint): Uint8Array;
};

/** @param type `u16be`, `len32le` and the like: what stands before the bits is not looked at */
export function integerWriter(type: string): IntegerWriter {
  const [, bits, order] = /(\d+)(be|le)?$/.exec(type)!;
  const size = Number(bits) / 8;
  return {
    size,
    largest: (1n << BigInt(bits!)) - 1n,
    write(value) {
      const bytes = new Uint8Array(size);
      let rest = BigInt.asUintN(size * 8, value);
      for (let i = 0; i < size; i++) {
        bytes[order === 'le' ? i : size - 1 - i] = Number(rest & 0xffn);
        rest >>= 8n;
      }
      return bytes;
    },
  };
}

/** LEB128 without sign: seven bits a byte, the low ones first; the top bit says that more follow. */
export function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Uint8Array.from([...bytes, rest]);
}
