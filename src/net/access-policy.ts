/** Local and remote addresses as the domain judges them: names resolved once, CIDRs, and who may bind or send where. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type ProblemCode, ProblemError } from '../errors.ts';
import type { Cidr } from './address.ts';
import { addressBytes, canonicalAddress, isWithin } from './address.ts';

const LOOPBACK = ['127.0.0.0/8', '::1'].map((text) => parseCidr(text)!);

/** 16 bytes and prefix of `10.0.0.0/8`, `::1` and the like; undefined for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const [address, length, ...rest] = text.split('/');
  const family = isIP(address!);
  if (family === 0 || rest.length > 0 || address!.includes('%')) return undefined;
  const bits = family === 4 ? 32 : 128;
  if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > bits)) return undefined;
  return { bytes: addressBytes(address!), prefix: 128 - bits + Number(length ?? bits) };
}

/**
 * The literal address of a host: names are resolved once, IPv4 first unless `family` says otherwise, and IPv4-mapped
 * IPv6 becomes IPv4. Rejects with 422 when there is none.
 */
export async function resolveHost(host: string, family?: 4 | 6): Promise<string> {
  if (isIP(host) !== 0) return literal(host, family);
  try {
    const { address } = await lookup(host, { family: family ?? 0, order: 'ipv4first' });
    return address;
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'it failed';
    throw new ProblemError('unprocessable', `host name ${host} can't be resolved (${why})`);
  }
}

function literal(host: string, family: 4 | 6 | undefined): string {
  const address = host.includes('%') ? host : canonicalAddress(host);
  if (family === undefined || isIP(address) === family) return address;
  throw new ProblemError('unprocessable', `${host} is not an IPv${family} address`);
}

/** Addresses that may be used: loopback, and what the configuration adds. The resolved address is what counts. */
export class AddressPolicy {
  readonly #allowed: Cidr[];
  readonly #code: ProblemCode;
  readonly #flag: string;

  constructor(allowed: readonly string[], refusal: { code: ProblemCode; flag: string }) {
    this.#allowed = [...LOOPBACK, ...allowed.map((text) => parseCidr(text)!)];
    this.#code = refusal.code;
    this.#flag = refusal.flag;
  }

  /** Throws a 403 that says which flag would allow it. */
  check(address: string): void {
    const bytes = addressBytes(address);
    if (this.#allowed.some((cidr) => isWithin(cidr, bytes))) return;
    throw new ProblemError(this.#code, this.#advice(address));
  }

  /** The flag as it can be pasted: the address alone, or every address for a wildcard. */
  #advice(address: string): string {
    const literal = address.replace(/%.*$/, '');
    const cidr = { '0.0.0.0': '0.0.0.0/0', '::': '::/0' }[literal] ?? `${literal}/${isIP(literal) === 4 ? 32 : 128}`;
    return `${address} is not loopback; to allow it start the service with ${this.#flag} ${cidr} (or a network, e.g. ${this.#flag} 10.0.0.0/8)`;
  }
}
