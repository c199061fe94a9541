/** Records of the DNS as they are written on the wire (RFC 1035, 2782, 3596). */
import { isIPv4, isIPv6 } from 'node:net';
import { addressBytes } from '../net/address.ts';
import type { DnsRecord } from '../schemas/presets.ts';

type Type = DnsRecord['type'];

export const TYPE_NUMBERS: Readonly<Record<Type, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
};
const LONGEST_LABEL = 63;
const LONGEST_NAME = 255;
/** Bytes of one string in a TXT record. */
const LONGEST_STRING = 255;

/** What a name or a value is not; the message says what is expected. */
export class RecordError extends Error {}

/** In lower case, without the dot at its end: names are compared so. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** Labels, each behind its length. Throws RecordError. */
export function nameBytes(name: string): Buffer {
  const plain = name.replace(/\.$/, '');
  const labels = plain === '' ? [] : plain.split('.');
  for (const label of labels) {
    if (!/^[!-~]+$/.test(label)) throw new RecordError(`${name} is no name; letters beyond ASCII are written as xn--…`);
    if (label.length > LONGEST_LABEL) throw new RecordError(`${label} is longer than ${LONGEST_LABEL}`);
  }
  const bytes = Buffer.concat([
    ...labels.flatMap((label) => [Buffer.of(label.length), Buffer.from(label, 'latin1')]),
    Buffer.of(0),
  ]);
  if (bytes.length > LONGEST_NAME) throw new RecordError(`is longer than ${LONGEST_NAME} bytes`);
  return bytes;
}

/** The data of a record. Throws RecordError. */
export function recordData(type: Type, value: string): Buffer {
  return DATA[type](value);
}

const DATA: Readonly<Record<Type, (value: string) => Buffer>> = {
  A(value) {
    if (!isIPv4(value)) throw new RecordError(`${value} is not an IPv4 address`);
    return Buffer.from(value.split('.').map(Number));
  },
  AAAA(value) {
    if (!isIPv6(value) || value.includes('%')) throw new RecordError(`${value} is not an IPv6 address`);
    return Buffer.from(addressBytes(value));
  },
  CNAME: nameBytes,
  NS: nameBytes,
  PTR: nameBytes,
  MX(value) {
    const [preference, name] = parts(value, 2, '10 mail.example.test');
    return Buffer.concat([uint16(preference!), nameBytes(name!)]);
  },
  SRV(value) {
    const [priority, weight, port, name] = parts(value, 4, '0 5 5060 sip.example.test');
    return Buffer.concat([uint16(priority!), uint16(weight!), uint16(port!), nameBytes(name!)]);
  },
  TXT(value) {
    const bytes = Buffer.from(value);
    const strings = Array.from({ length: Math.max(1, Math.ceil(bytes.length / LONGEST_STRING)) }, (_, i) =>
      bytes.subarray(i * LONGEST_STRING, (i + 1) * LONGEST_STRING),
    );
    return Buffer.concat(strings.flatMap((string) => [Buffer.of(string.length), string]));
  },
};

function parts(value: string, count: number, example: string): string[] {
  const words = value.trim().split(/\s+/);
  if (words.length !== count) throw new RecordError(`${value} is not of the form "${example}"`);
  return words;
}

function uint16(text: string): Buffer {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new RecordError(`${text} is not a number from 0 to 65535`);
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
