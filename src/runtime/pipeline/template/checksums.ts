/** Checksums over bytes, as they are written in frames. */
import { crc32 } from 'node:zlib';
import { integerWriter } from './integers.ts';

export type Checksum = { readonly size: number; of(bytes: Uint8Array): Uint8Array };

const big = integerWriter('u32be');
const little = integerWriter('u32le');

export const CHECKSUMS: Readonly<Record<string, Checksum>> = {
  /** Modbus over serial lines: polynomial 0xa001 (reflected), from 0xffff, low byte first. */
  crc16modbus: { size: 2, of: (bytes) => integerWriter('u16le').write(BigInt(crc16(bytes))) },
  crc32be: { size: 4, of: (bytes) => big.write(BigInt(crc32(bytes))) },
  crc32le: { size: 4, of: (bytes) => little.write(BigInt(crc32(bytes))) },
  xor8: { size: 1, of: (bytes) => Uint8Array.of(xor(bytes)) },
  sum8: { size: 1, of: (bytes) => Uint8Array.of(sum(bytes) & 0xff) },
};

/** What a byte makes of the sum. */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >> 1 : (crc >> 1) ^ 0xa001;
  return crc;
});

function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >> 8) ^ CRC16[(crc ^ bytes[i]!) & 0xff]!;
  return crc;
}

function xor(bytes: Uint8Array): number {
  let result = 0;
  for (let i = 0; i < bytes.length; i++) result ^= bytes[i]!;
  return result;
}

/** Stays exact: an output has at most a million bytes. */
function sum(bytes: Uint8Array): number {
  let result = 0;
  for (let i = 0; i < bytes.length; i++) result += bytes[i]!;
  return result;
}
