/**
 * The run of random lists of rules against the real service: each is put on a listener of datagrams or of streams, and
 * random messages are sent to those that are taken. No answer is a 5xx, each 400 points at something, and meanwhile the
 * threads live, the service is ready, and its memory does not grow with the number of lists.
 */
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import fc from 'fast-check';
import { framings, payloads, ruleSets } from '../generated/rule-sets.ts';
import type { Answer, Service } from '../support/process.ts';
import { betweenLooks } from '../support/waiting.ts';

export type Figures = { taken: number; refused: number; payloads: number; connections: number; memory: number[] };

/** Messages for each list that is taken. */
const MESSAGES = 8;
/** A look at the service after so many lists. */
const LOOK = 250;
/** Connections that may be open at a time. */
const CONNECTIONS = 32;
/** Lists after which listeners of streams are made anew, with another framing. */
const ANEW = 20;
/** Milliseconds a peer waits for the end of its connection. */
const CLOSE_TIMEOUT_MS = 500;

/** @param sets so many lists of rules, at random by the seed */
export async function run(service: Service, sets: number, seed: number): Promise<Figures> {
  const figures: Figures = { taken: 0, refused: 0, payloads: 0, connections: 0, memory: [] };
  const lists = fc.sample(ruleSets, { numRuns: sets, seed });
  const messages = fc.sample(payloads, { numRuns: MESSAGES * 500, seed });
  const kinds = fc.sample(framings, { numRuns: 100, seed });
  const peers = new Peers(figures);
  const ports = { u: 0, s: 0 };
  const capture = { maxMessages: 1000 };
  ports.u = await listen(service, 'u', { protocol: 'udp', capture });
  for (const [i, responder] of lists.entries()) {
    if (i % ANEW === 0) {
      for (const framing of [kinds[(i / ANEW) % kinds.length]!, { type: 'line' }]) {
        const { status, body } = await service.put('/v1/listeners/s?replace=true', {
          protocol: 'tcp',
          tcp: { framing },
          capture,
        });
        check({ status, body }, { tcp: { framing } });
        if (status < 300) ports.s = body.address.port;
        if (status < 300) break;
      }
    }
    if (i % LOOK === LOOK - 1) figures.memory.push(await look(service));
    const name = i % 2 === 0 ? 'u' : 's';
    if (!(await apply(service, name, responder, i))) {
      figures.refused++;
      continue;
    }
    figures.taken++;
    const sent = Array.from({ length: MESSAGES }, (_, n) => messages[(i * MESSAGES + n) % messages.length]!);
    if (name === 'u') await peers.datagrams(ports.u, sent);
    else await peers.stream(ports.s, sent, i);
  }
  await peers.end();
  figures.memory.push(await look(service));
  return figures;
}

/** Puts a list in force by one of the three ways, or tries it out; whether it is taken. */
async function apply(service: Service, name: string, responder: object, i: number): Promise<boolean> {
  const path = `/v1/listeners/${name}`;
  const { type: _, ...list } = responder as { type: string };
  const body = i % 3 === 0 ? { responder } : list;
  const answer = i % 3 === 0 ? await service.patch(path, body) : await service.put(`${path}/rules`, body);
  check(answer, body);
  const tried = { responder, messages: [{ text: 'ab' }, { hex: '00 61' }], ...(i % 5 === 0 ? { state: 'a' } : {}) };
  const trial = await service.post(`${path}/rules/test`, tried);
  check(trial, tried);
  if (trial.status !== answer.status && i % 5 !== 0)
    throw new Error(`put ${answer.status}, tried ${trial.status}: ${JSON.stringify(responder)}`);
  return answer.status === 200;
}

/** An answer is good, or a 400 that points at a member which is there or missing from one that is there. */
function check({ status, body }: Pick<Answer, 'status' | 'body'>, sent: object): void {
  if (status < 300) return;
  const shown = `${status} ${JSON.stringify(body)} to ${JSON.stringify(sent)}`;
  if (status !== 400) throw new Error(shown);
  for (const { pointer } of body.errors) {
    const steps = String(pointer).split('/').slice(1, -1);
    let at: unknown = JSON.parse(JSON.stringify(sent));
    for (const step of steps) {
      at = (at as Record<string, unknown> | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')];
    }
    if (typeof at !== 'object' || at === null) throw new Error(`points at nothing: ${shown}`);
  }
}

async function listen(service: Service, name: string, spec: object): Promise<number> {
  const { status, body } = await service.put(`/v1/listeners/${name}`, spec);
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.address.port;
}

/** Throws when anything is not well; returns the memory of the service in MiB. */
async function look(service: Service): Promise<number> {
  const { body: ready } = await service.get('/readyz');
  const { body: workers } = await service.get('/v1/workers');
  const threads = workers.pools.flatMap(({ threads }: { threads: object[] }) => threads);
  const isWell = threads.every(
    (thread: { state?: string; restarts?: number }) => thread.restarts === 0 && thread.state === 'running',
  );
  const states = await Promise.all(
    ['u', 's'].map(async (name) => (await service.get(`/v1/listeners/${name}`)).body.state),
  );
  if (ready.status !== 'ok' || !isWell || states.some((state) => state !== 'listening'))
    throw new Error(JSON.stringify({ ready, threads, states }));
  const status = readFileSync(`/proc/${service.child.process.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024);
}

/** Those who send: a few sockets of datagrams, and connections that come and go. */
class Peers {
  readonly #figures: Figures;
  readonly #sockets: Socket[] = Array.from({ length: 4 }, () => createSocket('udp4').on('error', () => {}));
  readonly #open = new Set<Promise<void>>();

  constructor(figures: Figures) {
    this.#figures = figures;
  }

  async datagrams(port: number, messages: readonly Uint8Array[]): Promise<void> {
    const sent = messages.map((bytes, i) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#sockets[i % this.#sockets.length]!.send(bytes, port, '127.0.0.1', () => resolve());
      return promise;
    });
    this.#figures.payloads += messages.length;
    await Promise.all(sent);
  }

  /** Resolves at once, unless there are too many. */
  async stream(port: number, messages: readonly Uint8Array[], i: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect(port, '127.0.0.1').setNoDelay();
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.setTimeout(CLOSE_TIMEOUT_MS, () => socket.destroy());
    if (i % 4 !== 3) socket.resume();
    for (const bytes of messages) socket.write(bytes);
    if (i % 8 < 6) socket.end();
    else if (i % 8 === 6) socket.resetAndDestroy();
    this.#figures.payloads += messages.length;
    this.#figures.connections++;
    const done = promise.finally(() => this.#open.delete(done));
    this.#open.add(done);
    while (this.#open.size >= CONNECTIONS) await Promise.race(this.#open);
  }

  async end(): Promise<void> {
    await Promise.all(this.#open);
    for (const socket of this.#sockets) socket.close();
    await betweenLooks(10);
  }
}
