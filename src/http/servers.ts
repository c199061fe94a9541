/**
 * The HTTP servers of the API, one an address. What a stranger may hold without asking for anything is bounded: the time
 * for a request to come whole, and the connections.
 */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { HttpConnections } from './http-connections.ts';
import { createServer } from './node-http.ts';
import { addWireAnswers, answerBrokenRequest } from './wire.ts';

export type ServerLimits = {
  /** Milliseconds a request's head may take, from the connection or from the request before. */
  head: number;
  /** Milliseconds a request may take to come whole, its body included. */
  request: number;
  /** Milliseconds a connection is kept for a next request. */
  idle: number;
  /** Connections at a time. */
  connections: number;
};

export const SERVER_LIMITS: ServerLimits = { head: 15_000, request: 120_000, idle: 72_000, connections: 4096 };

/** How often requests are looked at that are late, at most. */
const CHECKS = 1000;

/** A server that answers who has closed its side of the connection already, as `nc -N` does. */
export function createApiServer(handle: RequestListener, connections: HttpConnections, limits = SERVER_LIMITS): Server {
  const options = {
    // The gate answers a request without a Host: Node would do so without a body.
    requireHostHeader: false,
    headersTimeout: limits.head,
    requestTimeout: limits.request,
    keepAliveTimeout: limits.idle,
    connectionsCheckingInterval: Math.min(CHECKS, limits.head, limits.request),
  };
  const server = createServer(options, handle);
  server.maxConnections = limits.connections;
  // Or Node ends its side, too, before the answer is there.
  Object.assign(server, { httpAllowHalfOpen: true });
  addWireAnswers(server);
  connections.watch(server);
  return server;
}

/**
 * Has the API listen. `localhost` may be two addresses: the second has a server of its own, and is left out where it
 * can't be had.
 */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
  addressesOf: (host: string) => Promise<{ address: string }[]> = (name) => lookup(name, { all: true }),
): Promise<void> {
  await app.listen({ host, port });
  if (host !== 'localhost') return;
  const { address, port: given } = app.server.address() as AddressInfo;
  const others = (await addressesOf(host)).filter((one) => one.address !== address);
  const servers = others.map((other) => {
    const server = createApiServer((request, response) => app.routing(request, response), app.connections);
    return server.on('clientError', answerBrokenRequest).listen(given, other.address);
  });
  app.server.once('close', () => {
    for (const server of servers) server.close();
  });
  await Promise.allSettled(servers.map((server) => once(server, 'listening')));
}
