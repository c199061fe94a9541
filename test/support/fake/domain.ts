/** A domain in memory for tests of the HTTP face. It remembers what it was asked and can fail. */
import { EventEmitter } from 'node:events';
import type {
  ConnectionView,
  Domain,
  Labels,
  ListenerPatch,
  Listeners,
  ListQuery,
  Sends,
} from '../../../src/domain.ts';
import { ProblemError } from '../../../src/errors.ts';
import { type PlainSpec, withoutPreset } from '../../../src/listeners/presets.ts';
import { listenerId } from '../../../src/records/ids.ts';
import type { ListenerSpec } from '../../../src/schemas/listener.ts';
import type { ListenerState } from '../../../src/schemas/listener-states.ts';
import type { ListenerView } from '../../../src/schemas/listener-status.ts';
import type { SendRequest, SendView } from '../../../src/schemas/send.ts';
import { FakeJournal } from './journal.ts';

type Entry = { number: number; view: ListenerView };

export class FakeListeners {
  readonly entries: Entry[] = [];
  readonly calls: [method: string, ...unknown[]][] = [];
  readonly events = new EventEmitter();
  readonly journal: FakeJournal;
  /** Thrown by the next create. */
  failure: Error | undefined;
  holds = 0;
  connection: ConnectionView = {
    id: 'c_1',
    remote: { address: '127.0.0.1', port: 5 },
    openedAt: '2026-03-01T09:30:00.000000Z',
    bytesIn: 1,
    bytesOut: 2,
    thread: 'shared-1',
    state: 'open',
    reading: true,
  };

  constructor(journal: FakeJournal) {
    this.journal = journal;
  }

  async create(spec: ListenerSpec): Promise<ListenerView> {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    const number = this.entries.length + 1;
    const view = viewOf(number, spec);
    this.entries.push({ number, view });
    this.tell(number, 'listening');
    return view;
  }
  async list({ limit, cursor, labels }: ListQuery): Promise<{ items: ListenerView[]; next: string | null }> {
    const from = Number(cursor ?? 0);
    const all = this.entries.filter(({ view }) => hasLabels(view, labels)).map(({ view }) => view);
    return { items: all.slice(from, from + limit), next: all.length > from + limit ? String(from + limit) : null };
  }
  async get(ref: string): Promise<ListenerView> {
    return this.#entry(ref).view;
  }
  async patch(ref: string, patch: ListenerPatch): Promise<ListenerView> {
    this.calls.push(['patch', ref, patch]);
    return this.#entry(ref).view;
  }
  async put(name: string, spec: ListenerSpec, options: { replace: boolean }) {
    this.calls.push(['put', name, spec, options]);
    const known = this.entries.find(({ view }) => view.name === name);
    return { created: known === undefined, listener: known?.view ?? (await this.create(spec)) };
  }
  async remove(ref: string, options: unknown): Promise<void> {
    this.calls.push(['remove', ref, options]);
    const entry = this.#entry(ref);
    this.entries.splice(this.entries.indexOf(entry), 1);
    await this.journal.forget(entry.number);
    this.events.emit('change', { listener: refOf(entry), removed: true });
  }
  async removeWhere(labels: Labels) {
    const going = this.entries.filter(({ view }) => hasLabels(view, labels));
    for (const { view } of going) await this.remove(view.id, {});
    const gone = going.map(({ view }) => ({
      id: view.id,
      name: view.name,
      unread: 0,
      unmatched: 0,
      openConnections: 0,
    }));
    return { deleted: gone.length, listeners: gone };
  }
  async reset(): Promise<void> {
    for (const { view } of [...this.entries]) await this.remove(view.id, {});
  }
  find(ref: string) {
    return refOf(this.#entry(ref));
  }
  async flush(ref: string) {
    this.calls.push(['flush', ref]);
    return this.find(ref);
  }
  select({ refs, labels }: { refs?: string[]; labels?: Labels }): number[] | null {
    if (refs === undefined && (labels ?? []).length === 0) return null;
    const known = refs?.map((ref) => this.find(ref).number);
    return this.entries
      .filter(({ number, view }) => (known?.includes(number) ?? true) && hasLabels(view, labels ?? []))
      .map(({ number }) => number);
  }
  strictOf(): number[] {
    return [];
  }
  async connections(ref: string): Promise<ConnectionView[]> {
    this.find(ref);
    return [this.connection];
  }
  async rules(ref: string) {
    this.find(ref);
    return { items: [], unmatched: 0, states: {} };
  }

  async putRules(ref: string, list: unknown) {
    this.calls.push(['putRules', ref, list]);
    return this.rules(ref);
  }

  async patchRule(ref: string, name: string, patch: unknown) {
    this.calls.push(['patchRule', ref, name, patch]);
    return this.rules(ref);
  }

  async testRules(ref: string, request: unknown) {
    this.find(ref);
    this.calls.push(['testRules', ref, request]);
    return { items: [] };
  }

  async connectionSend(_ref: string, id: string, payload: Uint8Array): Promise<number> {
    this.#connection(id);
    return payload.length;
  }
  async connectionUpdate(_ref: string, id: string, change: object): Promise<ConnectionView> {
    this.#connection(id);
    return { ...this.connection, ...change };
  }
  async connectionClose(_ref: string, id: string, mode: string): Promise<void> {
    this.#connection(id);
    this.calls.push(['close', id, mode]);
  }
  async reply(ref: string, seq: number, payload: Uint8Array) {
    this.calls.push(['reply', ref, seq, Buffer.from(payload).toString()]);
    return { bytes: payload.length, to: { address: '127.0.0.1', port: 5 } };
  }
  onChange(callback: Parameters<Listeners['onChange']>[0]): () => void {
    this.events.on('change', callback);
    return () => this.events.off('change', callback);
  }
  hold(ref: string, options: { tie: boolean }): () => void {
    this.calls.push(['hold', ref, options]);
    this.holds++;
    return () => this.holds--;
  }

  /** A listener changes its state. */
  tell(number: number, state: ListenerState): void {
    const entry = this.entries.find((one) => one.number === number)!;
    entry.view.state = state;
    this.events.emit('change', { listener: refOf(entry), removed: false });
  }

  #entry(ref: string): Entry {
    const entry = this.entries.find(({ view }) => view.id === ref || view.name === ref);
    if (entry === undefined) throw new ProblemError('not_found', `There is no listener ${ref}.`);
    return entry;
  }
  #connection(id: string): void {
    if (id !== this.connection.id) throw new ProblemError('not_found', `There is no connection ${id}.`);
  }
}

export class FakeSends {
  readonly views: SendView[] = [];
  readonly events = new EventEmitter();
  lastKey: string | undefined;

  async create(request: SendRequest, options: { idempotencyKey?: string }) {
    this.lastKey = options.idempotencyKey;
    const long = request.interval !== undefined;
    const send = sendView(this.views.length + 1, request, long ? 'running' : 'done');
    this.views.unshift(send);
    this.events.emit('progress', send);
    return { status: long ? (202 as const) : (201 as const), replayed: options.idempotencyKey === 'again', send };
  }
  get(id: string): SendView {
    const send = this.views.find((view) => view.id === id);
    if (send === undefined) throw new ProblemError('not_found', `There is no send ${id}.`);
    return send;
  }
  list({ limit }: { limit: number }) {
    return { items: this.views.slice(0, limit), next: this.views.length > limit ? 'more' : null };
  }
  async cancel(id: string): Promise<SendView> {
    return Object.assign(this.get(id), { state: 'cancelled' });
  }
  async clear(): Promise<void> {
    this.views.length = 0;
  }
  totals() {
    return { created: this.views.length, running: 0, sent: 0, errors: 0 };
  }
  onProgress(callback: (send: SendView) => void): () => void {
    this.events.on('progress', callback);
    return () => this.events.off('progress', callback);
  }
}

export class FakeStatus {
  readonly stop = new AbortController();
  readonly begun = Promise.withResolvers<void>();
  isStarted = true;
  checks: { name: string; ok: boolean; detail?: string }[] = [{ name: 'journal', ok: true }];
  get started(): Promise<void> {
    return this.begun.promise;
  }
  get stopping(): AbortSignal {
    return this.stop.signal;
  }
  async readiness() {
    return { ready: this.checks.every(({ ok }) => ok) && !this.stopping.aborted, checks: this.checks };
  }
  async workers() {
    return { pools: [], maxThreads: 64, threadsInUse: 2 };
  }
  info() {
    return { limits: { maxThreads: 64 } };
  }
}

export function fakeDomain() {
  const journal = new FakeJournal();
  const registry = new FakeListeners(journal);
  const sends = new FakeSends();
  const status = new FakeStatus();
  const domain: Domain = { registry: registry as Listeners, sends: sends as unknown as Sends, journal, status };
  return { domain, journal, registry, sends, status };
}

function refOf({ number, view: { id, name, protocol, state, strict } }: Entry) {
  return { number, id, name, protocol, state, strict };
}

function hasLabels({ labels }: ListenerView, wanted: Labels): boolean {
  return wanted.every(([key, value]) => labels[key] === value);
}

function viewOf(number: number, spec: ListenerSpec): ListenerView {
  const { protocol, name = null, labels = {}, responder = { type: 'none' } }: PlainSpec = withoutPreset(spec);
  const port = 40_000 + number;
  return {
    id: listenerId(number),
    state: 'listening',
    address: { host: '127.0.0.1', port, url: `${protocol}://127.0.0.1:${port}` },
    createdAt: '2026-03-01T09:30:00.000000Z',
    expiresAt: null,
    bindings: [{ thread: 'shared-1' }],
    unread: 0,
    unmatched: 0,
    protocol,
    host: '127.0.0.1',
    port: 0,
    name,
    labels,
    ttl: null,
    threads: 1,
    pool: 'shared',
    concurrency: 'concurrent',
    maxRequests: null,
    completeAfterIdle: null,
    allow: [],
    deny: [],
    paused: false,
    capture: { maxMessages: 10_000, maxBytes: '64MiB', maxAge: null, maxPayload: 65_535, overflow: 'dropOldest' },
    responder,
    strict: false,
    ...(protocol === 'udp' ? { udp: { receiveBuffer: '8MiB', ipv6Only: false, unreachable: false } } : {}),
    stats: STATS,
  };
}

const STATS: ListenerView['stats'] = {
  received: 0,
  receivedBytes: 0,
  receiveBatches: 0,
  captured: 0,
  sent: 0,
  sentBytes: 0,
  requests: 0,
  connectionsOpen: 0,
  connectionsTotal: 0,
  connectionsRefused: 0,
  dropped: { kernel: null, overload: 0, denied: 0, fault: 0, full: 0, paused: 0, closed: 0, lost: 0 },
  evicted: 0,
  cleared: 0,
  truncated: 0,
  repliesSuppressed: 0,
  internalErrors: 0,
  repliesRefused: 0,
  foreignSockets: 0,
  firstSeq: 1,
  lastSeq: 0,
  receiveBuffer: 8_388_608,
};

function sendView(number: number, { protocol }: SendRequest, state: SendView['state']): SendView {
  return {
    id: `s_000000000${number}`,
    state,
    protocol,
    remote: { address: '127.0.0.1', port: 9 },
    local: null,
    sent: 1,
    bytes: 4,
    errors: 0,
    progress: 1,
    createdAt: '2026-03-01T09:30:00.000000Z',
    elapsedMs: 1,
    replies: [],
  };
}
