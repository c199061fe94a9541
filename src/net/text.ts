/** How addresses and moments are written for people. */
import { isIP } from 'node:net';
import type { Endpoint } from './endpoint.ts';

/** A moment in UTC with microseconds, RFC 3339. */
export function rfc3339(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = Math.floor(micros - millis * 1000);
  return `${new Date(millis).toISOString().slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

/** `udp://127.0.0.1:41234`; a wildcard shows the advertised host where there is one. */
export function addressUrl(scheme: string, { host, port }: Endpoint, advertisedHost: string | null): string {
  const isWildcard = host === '0.0.0.0' || host === '::';
  const shown = isWildcard && advertisedHost !== null ? advertisedHost : host;
  return `${scheme}://${isIP(shown) === 6 ? `[${shown}]` : shown}:${port}`;
}
