/**
 * The kill test: a service with --data under load, killed at any moment, again and again. Whatever it had served before
 * must be there afterwards, byte for byte; numbers go on without a hole; what was sent is never stored twice or in
 * another order.
 */
import { createSocket } from 'node:dgram';
import type { Test } from 'tap';
import { type Service, startProcess } from '../support/process.ts';
import { betweenLooks, lasting } from '../support/waiting.ts';
import type { Draws } from './model/draws.ts';

type Item = { seq: number; text: string; at: string };
export type Kills = { kills: number; served: number; stored: number; sent: number; slowestStart: number };

/** Datagrams a burst; the sender pauses a millisecond between two. */
const BURST = 20;
const PAGE = 1000;
/** A kill comes so many milliseconds after the load began, at the earliest, and within so many more. */
const EARLIEST = 50;
const SPREAD = 350;
/** Messages looked at anew after each kill; after every tenth, and the last one, all of them. */
const RECENT = 20_000;
const NAME = 'killed';

/** @param draws when each kill comes: the same seed gives the same moments, what they meet is up to the machine */
export async function kill(t: Test, data: string, kills: number, draws: Draws): Promise<Kills> {
  const served = new Map<number, string>();
  const figures = { kills, served: 0, stored: 0, sent: 0, slowestStart: 0 };
  let port = 0;
  for (let round = 0; round <= kills; round++) {
    const start = performance.now();
    const service = await startProcess(t, ['--data', data, '--threads', '1', '--max-threads', '2']);
    figures.slowestStart = Math.max(figures.slowestStart, performance.now() - start);
    port = await listenAt(service, port);
    const all = round % 10 === 0 || round === kills;
    await check(service, served, all ? 0 : Math.max(0, served.size - RECENT));
    if (round === kills) break;
    const load = startLoad(port, figures);
    await readUntilKilled(service, served, EARLIEST + draws.next() * SPREAD);
    await load.stop();
  }
  figures.served = served.size;
  const last = [...served.keys()].at(-1) ?? 0;
  figures.stored = last;
  return figures;
}

/** The port, the same in every life of the service. */
async function listenAt(service: Service, before: number): Promise<number> {
  const spec = { protocol: 'udp', capture: { maxMessages: 10_000_000, maxBytes: '1GiB' } };
  const { status, body } = await service.put(`/v1/listeners/${NAME}`, spec);
  if (status !== (before === 0 ? 201 : 200)) throw new Error(`PUT: ${status} ${JSON.stringify(body)}`);
  if (before !== 0 && body.address.port !== before) throw new Error('another port after the restart');
  return body.address.port;
}

/** Everything beyond `from`: no hole, nothing twice, nothing changed that was ever served. */
async function check(service: Service, served: Map<number, string>, from: number): Promise<void> {
  let expected = from + 1;
  let newest = 0;
  for (let after = from, more = true; more; ) {
    const { body } = await service.get(`/v1/listeners/${NAME}/messages?limit=${PAGE}&after=${after}`);
    for (const item of body.items as Item[]) {
      if (item.seq !== expected++) throw new Error(`seq ${item.seq} where ${expected - 1} was due`);
      const number = Number(item.text);
      if (number <= newest) throw new Error(`datagram ${number} after ${newest}`);
      newest = number;
      note(served, item);
    }
    more = body.hasMore;
    after = Number.parseInt(body.next, 10);
  }
  if (expected <= served.size) throw new Error(`seq ${served.size} was served, and only ${expected - 1} are there`);
}

function note(served: Map<number, string>, { seq, text, at }: Item): void {
  const content = `${text} ${at}`;
  const before = served.get(seq);
  if (before !== undefined && before !== content) throw new Error(`seq ${seq} was ${before}, and is ${content}`);
  served.set(seq, content);
}

/** Reads the newest page over and over; the kill comes in between. */
async function readUntilKilled(service: Service, served: Map<number, string>, milliseconds: number): Promise<void> {
  const killed = lasting(milliseconds).then(() => service.stop('SIGKILL'));
  let after = served.size;
  for (;;) {
    const answer = await service.get(`/v1/listeners/${NAME}/messages?limit=${PAGE}&after=${after}`).catch(() => null);
    if (answer === null) break;
    for (const item of answer.body.items as Item[]) note(served, item);
    after = Number.parseInt(answer.body.next, 10);
  }
  await killed;
}

function startLoad(port: number, figures: Kills): { stop(): Promise<void> } {
  const socket = createSocket('udp4');
  let running = true;
  const sending = (async () => {
    while (running) {
      for (let i = 0; i < BURST; i++) socket.send(`${++figures.sent}`, port, '127.0.0.1');
      await betweenLooks(1);
    }
  })();
  return {
    stop: async () => {
      running = false;
      await sending;
      socket.close();
    },
  };
}
