/** A pool of real threads with a journal of our own behind it: every record that a thread ships is kept and can be awaited. */
import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import type { Test } from 'tap';
import { monotonicNanos } from '../../../src/clock/wall-clock.ts';
import { addressText } from '../../../src/net/address.ts';
import type { Endpoint } from '../../../src/net/endpoint.ts';
import {
  type ChunkOrigin,
  ChunkReader,
  type CloseReason,
  type Extras,
  type GapReason,
  KIND_GAP,
  KIND_MESSAGE,
  KINDS,
  type RecordKind,
} from '../../../src/records/chunk.ts';
import { listenerId, randomListenerNumber } from '../../../src/records/ids.ts';
import { BindingCounters, type Counter, createCounters, sumCounters } from '../../../src/runtime/counters.ts';
import type { TransportRegistry } from '../../../src/runtime/transports/transports.ts';
import { Pool, type PoolOptions, WORKER_CREDIT } from '../../../src/workers/pool.ts';
import type { OpenBinding, PoolThread } from '../../../src/workers/pool-thread.ts';
import type {
  Attachment,
  BindingSpec,
  Protocol,
  TcpOptions,
  TcpSpec,
  UdpOptions,
  UdpSpec,
  WorkerEvent,
} from '../../../src/workers/protocol.ts';
import { betweenLooks } from '../../support/waiting.ts';
import { localPool } from './local-threads.ts';

export type Kept = {
  origin: ChunkOrigin;
  kind: RecordKind;
  direction: number;
  ordinal: number;
  reference: number | undefined;
  reason: GapReason;
  dropped: number;
  size: number;
  truncated: boolean;
  text: string;
  payload: Buffer;
  remote: Endpoint | null;
  connection: number | undefined;
  /** Of a connection record: why it was closed, and whether by a reset. */
  closed: CloseReason | undefined;
  isReset: boolean;
  micros: number;
  elapsed: number;
  extras: Extras;
};

export type RigOptions = {
  size?: number;
  credit?: number;
  engine?: 'auto' | 'dgram';
  place?: PoolOptions['place'];
  /** Other transports than the registry's, in the test's own thread. */
  transports?: TransportRegistry;
  /** How main hands over a socket it opened. */
  attach?: (spec: BindingSpec) => { attachment: Attachment; port: number; release(): void };
};

export class Rig {
  pool!: Pool;
  readonly records: Kept[] = [];
  readonly events: WorkerEvent[] = [];
  readonly deaths: { thread: PoolThread; bindings: OpenBinding[] }[] = [];
  readonly replaced: { thread: PoolThread; bindings: OpenBinding[] }[] = [];
  readonly givenUp: PoolThread[] = [];
  readonly ownPorts = new SharedArrayBuffer(65_536);
  /** While true the journal commits nothing: no credit comes back. */
  stalled = false;
  #owed: (() => void)[] = [];
  readonly #options: RigOptions;

  private constructor(options: RigOptions) {
    this.#options = options;
  }

  static async start(t: Test, options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options);
    const { size = 1, credit, engine = 'dgram', place = (n) => ({ name: `shared-${n}`, ordinal: n }) } = options;
    if (options.transports !== undefined) return rig.#startLocally(t, options.transports);
    rig.pool = await Pool.start({
      size,
      place,
      environment: {
        attachJournal: (port) => rig.#attach(port),
        ownPorts: rig.ownPorts,
        engine,
        ...(credit !== undefined && { credit }),
      },
      watcher: {
        onEvent: (_thread, event) => rig.events.push(event),
        onDeath: (thread, bindings) => rig.deaths.push({ thread, bindings }),
        onReplaced: (thread, bindings) => rig.replaced.push({ thread, bindings }),
        onGivenUp: (thread) => rig.givenUp.push(thread),
      },
    });
    t.teardown(() => rig.pool.close());
    return rig;
  }

  /** No pool but what stands for one: its threads can't die. */
  #startLocally(t: Test, transports: TransportRegistry): Rig {
    const { size = 1, credit = WORKER_CREDIT } = this.#options;
    const attachJournal = (port: MessagePort) => this.#attach(port);
    const onEvent = (event: WorkerEvent) => void this.events.push(event);
    const pool = localPool(size, { transports, ownPorts: this.ownPorts, credit, attachJournal, onEvent });
    t.teardown(() => pool.close());
    this.pool = pool as unknown as Pool;
    return this;
  }

  /** A listener with as many bindings as asked for, one in each of the first threads. */
  async open(wanted: Wanted = {}): Promise<Opened> {
    const spec = bindingSpec(wanted);
    const counters = createCounters(spec.bindings);
    const opened = new Opened(this, spec, counters);
    for (let binding = 0; binding < spec.bindings; binding++) {
      const port = binding === 0 ? spec.port : opened.address.port;
      await opened.openAt({ ...spec, binding, port }, this.pool.threads[binding]!, this.#options.attach);
    }
    return opened;
  }

  /** Gives back the credit that was held while stalled. */
  resume(): void {
    this.stalled = false;
    for (const pay of this.#owed.splice(0)) pay();
  }

  #attach(port: MessagePort): void {
    port.on('message', (chunk: Uint8Array) => {
      this.records.push(...decode(chunk));
      const pay = () => port.postMessage(chunk.byteLength);
      if (this.stalled) this.#owed.push(pay);
      else pay();
    });
    port.unref();
  }
}

/** A listener in the rig's threads. */
export class Opened {
  readonly rig: Rig;
  readonly spec: BindingSpec;
  readonly memory: SharedArrayBuffer;
  readonly engines: string[] = [];
  readonly threads: PoolThread[] = [];
  readonly #releases: (() => void)[] = [];
  receiveBuffer = 0;
  address: Endpoint = { host: '', port: 0 };

  constructor(rig: Rig, spec: BindingSpec, memory: SharedArrayBuffer) {
    this.rig = rig;
    this.spec = spec;
    this.memory = memory;
  }

  async openAt(spec: BindingSpec, thread: PoolThread, attach?: RigOptions['attach']): Promise<void> {
    const handed = attach?.(spec);
    const request = { spec: handed === undefined ? spec : { ...spec, port: handed.port }, counters: this.memory };
    const reply = await thread.call('open', { ...request, attachment: handed?.attachment ?? null });
    this.address = reply.address;
    this.receiveBuffer = reply.receiveBuffer;
    this.engines.push(reply.engine);
    if (handed !== undefined) this.#releases.push(handed.release);
    this.threads.push(thread);
  }

  get records(): Kept[] {
    return this.rig.records.filter((record) => record.origin.listener === this.spec.listener);
  }
  get messages(): Kept[] {
    return this.records.filter(({ kind }) => kind === 'message');
  }
  get incoming(): Kept[] {
    return this.messages.filter(({ direction }) => direction === 0);
  }
  get outgoing(): Kept[] {
    return this.messages.filter(({ direction }) => direction === 1);
  }
  /** Dropped counts of the gap records, by reason. */
  get gaps(): Partial<Record<GapReason, number>> {
    const sums: Partial<Record<GapReason, number>> = {};
    for (const { kind, reason, dropped } of this.records) {
      if (kind === 'gap') sums[reason] = (sums[reason] ?? 0) + dropped;
    }
    return sums;
  }
  count(counter: Counter): number {
    return sumCounters(this.memory)[counter];
  }
  counters(binding = 0): BindingCounters {
    return new BindingCounters(this.memory, binding);
  }
  async flush(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.call('flush', { listener: this.spec.listener })));
  }
  async update(live: Partial<Pick<BindingSpec, 'paused' | 'maxPayload' | 'responder'>>): Promise<void> {
    const { paused, maxPayload, responder } = this.spec;
    const request = { listener: this.spec.listener, live: { paused, maxPayload, responder, ...live } };
    await Promise.all(this.threads.map((thread) => thread.call('update', request)));
  }
  async close(mode: 'fin' | 'rst' = 'fin', drain = 0, reason?: CloseReason): Promise<void> {
    const request = { listener: this.spec.listener, mode, drain, ...(reason && { reason }) };
    await Promise.all(this.threads.map((thread) => thread.call('close', request)));
    for (const release of this.#releases.splice(0)) release();
  }
}

/** What a test says of a listener's spec. */
export type Wanted = Partial<Omit<UdpSpec, 'protocol' | 'udp'>> & {
  protocol?: Protocol;
  udp?: Partial<UdpOptions>;
  tcp?: Partial<TcpOptions>;
};

/** A listener's spec for the threads, with plain defaults. */
export function bindingSpec({ protocol = 'udp', udp = {}, tcp = {}, ...wanted }: Wanted = {}): BindingSpec {
  return protocol === 'udp' ? udpSpec({ udp, ...wanted }) : tcpSpec({ tcp, ...wanted });
}

export function udpSpec({ udp, tcp: _, ...wanted }: Wanted = {}): UdpSpec {
  return { ...commonSpec(), ...wanted, protocol: 'udp', udp: { receiveBuffer: 1 << 20, ipv6Only: false, ...udp } };
}

export function tcpSpec({ tcp, udp: _, ...wanted }: Wanted = {}): TcpSpec {
  const plain: TcpOptions = {
    backlog: 511,
    maxConnections: 1024,
    idleTimeout: 0,
    noDelay: true,
    framing: { type: 'none' },
    ipv6Only: false,
  };
  return { ...commonSpec(), ...wanted, protocol: 'tcp', tcp: { ...plain, ...tcp } };
}

function commonSpec(): Omit<UdpSpec, 'protocol' | 'udp'> {
  const listener = randomListenerNumber();
  return {
    listener,
    id: listenerId(listener),
    name: null,
    host: '127.0.0.1',
    port: 0,
    binding: 0,
    bindings: 1,
    incarnation: 0,
    openedAt: monotonicNanos(),
    sequential: false,
    maxRequests: null,
    allow: [],
    deny: [],
    paused: false,
    maxPayload: 65_535,
    responder: { type: 'none' },
  };
}

/** Waits for a condition; fails when it does not come true in time. */
export async function until(condition: () => boolean, what = 'condition', milliseconds = 5_000): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${milliseconds} ms in vain: ${what}`);
    await betweenLooks(2);
  }
}

/** The first emission, or a failure that says what was missing. */
export async function emission(emitter: NodeJS.EventEmitter, name: string, milliseconds = 5_000): Promise<unknown[]> {
  return once(emitter, name, { signal: AbortSignal.timeout(milliseconds) });
}

export function decode(chunk: Uint8Array): Kept[] {
  const reader = new ChunkReader(chunk);
  const { listener, thread, binding, incarnation } = reader;
  const kept: Kept[] = [];
  let ordinal = reader.ordinal;
  while (reader.next()) {
    const payload = Buffer.from(reader.payload);
    kept.push({
      origin: { listener, node: 0, thread, binding, incarnation },
      kind: KINDS[reader.kind]!,
      direction: reader.direction,
      ordinal: reader.kind === KIND_MESSAGE ? ordinal++ : -1,
      reference: reader.hasReference ? reader.reference : undefined,
      reason: reader.reason,
      dropped: reader.kind === KIND_GAP ? reader.reference : 0,
      size: reader.size,
      truncated: reader.truncated,
      text: payload.toString(),
      payload,
      remote: reader.hasRemote
        ? { host: addressText(reader.bytes, reader.remoteOffset), port: reader.remotePort }
        : null,
      connection: reader.connection,
      closed: reader.closeReason,
      isReset: reader.isReset,
      micros: reader.micros,
      elapsed: reader.elapsed,
      extras: reader.extras,
    });
  }
  return kept;
}
