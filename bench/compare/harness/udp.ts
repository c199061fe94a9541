/** UDP load from C: what is measured is never the sender. */
import { compiled, result } from './programs.ts';

export const SIZE = 64;
/** What a receiver asks for; node:dgram is capped by rmem_max, the others force it where they may. */
export const BUFFER = 8 * 1024 * 1024;

export type Sent = { sent: number; ms: number; cpuUs: number };
export type Trips = { trips: number; ms: number; lost: number };

/** Numbered datagrams of one flow by sendmmsg; `rate` a second, 0 = as fast as it goes. */
export function flood(port: number, count: number, rate = 0): Promise<Sent> {
  return result([compiled('udp-send'), '127.0.0.1', `${port}`, `${count}`, `${SIZE}`, `${rate}`]);
}

/** A closed loop of `window` datagrams outstanding. */
export function ping(port: number, window: number, ms: number): Promise<Trips> {
  return result([compiled('udp-ping'), '127.0.0.1', `${port}`, `${window}`, `${ms}`, `${SIZE}`]);
}

/** The same over `connections` TCP connections, one request outstanding on each. */
export function tcpPing(port: number, connections: number, ms: number): Promise<Trips> {
  return result([compiled('tcp-ping'), '127.0.0.1', `${port}`, `${connections}`, `${ms}`, `${SIZE}`]);
}
