/**
 * Network addresses in the two forms the program uses: 16 bytes inside chunks (IPv4 as IPv4-mapped IPv6, RFC 4291
 * section 2.5.5.2) and text everywhere a person reads them (dotted IPv4, RFC 5952 for IPv6).
 */
import ipaddr from 'ipaddr.js';

/** A network: 16 address bytes (IPv4 mapped) and the length of its prefix in bits. */
export type Cidr = { bytes: Uint8Array; prefix: number };

/** How many conversions each direction remembers; a flood from spoofed sources must not grow the process. */
const REMEMBERED = 4096;
/** Bits that all IPv4-mapped addresses have in common. */
const MAPPED_BITS = 96;

const bytesByText = new Map<string, Uint8Array>();
const textByKey = new Map<string, string>();

/** The 16 bytes of an address in text. An IPv6 zone (`%eth0`) is cut off. Throws TypeError when it is not an address. */
export function addressBytes(text: string): Uint8Array {
  const known = bytesByText.get(text);
  if (known !== undefined) return known;
  const zone = text.indexOf('%');
  const plain = zone === -1 ? text : text.slice(0, zone);
  if (!ipaddr.isValid(plain)) throw new TypeError(`not an IP address: ${text}`);
  const parsed = ipaddr.parse(plain);
  const wide = parsed.kind() === 'ipv4' ? (parsed as ipaddr.IPv4).toIPv4MappedAddress() : parsed;
  const bytes = Uint8Array.from(wide.toByteArray());
  remember(bytesByText, text, bytes);
  return bytes;
}

/** The text of the 16 address bytes at `offset`. IPv4-mapped addresses come out as dotted IPv4. */
export function addressText(bytes: Uint8Array, offset = 0): string {
  if (isMapped(bytes, offset)) {
    return `${bytes[offset + 12]}.${bytes[offset + 13]}.${bytes[offset + 14]}.${bytes[offset + 15]}`;
  }
  const slice = bytes.subarray(offset, offset + 16);
  const key = String.fromCharCode(...slice);
  const known = textByKey.get(key);
  if (known !== undefined) return known;
  const text = new ipaddr.IPv6(Array.from(slice)).toRFC5952String();
  remember(textByKey, key, text);
  return text;
}

/** An address as people compare it: IPv4-mapped IPv6 becomes IPv4, the zone goes, RFC 5952 for the rest. */
export function canonicalAddress(text: string): string {
  return addressText(addressBytes(text));
}

/** The address that `localhost` stands for, where no name is looked up; anything else as it is. */
export function literalHost(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host;
}

/**
 * Whether the 16 address bytes at an offset lie in a network: `prefix` bits of its address count. An IPv6 network never
 * holds an IPv4 address, `::/0` included; one within ::ffff:0:0/96 is an IPv4 network.
 */
export function isWithin(network: Cidr, bytes: Uint8Array, offset = 0): boolean {
  if (network.prefix < MAPPED_BITS && isMapped(bytes, offset)) return false;
  const whole = network.prefix >> 3;
  for (let i = 0; i < whole; i++) if (network.bytes[i] !== bytes[offset + i]) return false;
  const rest = network.prefix & 7;
  return rest === 0 || (network.bytes[whole]! ^ bytes[offset + whole]!) >> (8 - rest) === 0;
}

/** Whether 16 address bytes are those of another. */
export function sameAddress(one: Uint8Array, other: Uint8Array, offset = 0): boolean {
  for (let i = 0; i < 16; i++) if (one[i] !== other[offset + i]) return false;
  return true;
}

/** Whether the 16 address bytes at an offset are an IPv4-mapped address, ::ffff:0:0/96. */
export function isMapped(bytes: Uint8Array, offset = 0): boolean {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size >= REMEMBERED) map.clear();
  map.set(key, value);
}
