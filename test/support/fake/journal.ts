/**
 * A journal in memory for tests of the HTTP face: one array, filters by direction, text and kind, and it can fail. What it
 * promises is what the contract of the ports asks for (test/unit/journal/contract.ts). A listener is known once something
 * of it has come, until it is forgotten;
 * reads over all still find its messages, for a test forgets one in the turn in which they came.
 */
import type { MessagePort } from 'node:worker_threads';
import type { JournalListener, Traffic } from '../../../src/journal/journal.ts';
import { JournalError, readerGone } from '../../../src/journal/journal-error.ts';
import type { Journal } from '../../../src/journal/ports.ts';
import { SharedReads } from '../../../src/journal/shared-reads.ts';
import { ChunkReader, KINDS } from '../../../src/records/chunk.ts';
import { cancellable } from '../../../src/rpc/cancellable.ts';
import type { JournalStats, Read, ReadResult, ReadScope, Tails, Wait, WaitResult } from '../../../src/schemas/reads.ts';
import { betweenLooks } from '../waiting.ts';

type Item = { place: number; listener: number; seq: number; kind: string; direction: 'in' | 'out'; text: string };

export class FakeJournal implements Journal {
  readonly items: Item[] = [];
  readonly forgotten = new Set<number>();
  readonly completed = new Set<number>();
  /** Thrown by the next pull. */
  failure: Error | undefined;
  /** Happens within the next pull, before it is answered. */
  meanwhile: (() => unknown) | undefined;
  /** Pulls asked for so far. */
  pulls: Read[] = [];
  /** Signals of waits under way. */
  waits: AbortSignal[] = [];
  #listeners = new Set<(heads: Tails) => void>();
  #places = 0;
  readonly #reads = new SharedReads((request) => this.#read(request));
  readonly #specs = new Map<number, string | null>();
  readonly #counts = new Map<number, string>();

  /** A message arrives. */
  arrive(listener: number, text: string, direction: 'in' | 'out' = 'in', kind = 'message'): number {
    const seq = this.#lastSeq(listener) + (kind === 'message' ? 1 : 0);
    this.items.push({ place: ++this.#places, listener, seq, kind, direction, text });
    this.post(listener);
    return seq;
  }

  post(listener: number): void {
    for (const tell of this.#listeners) tell(new Map([[listener, this.#lastSeq(listener)]]));
  }

  async endExport(): Promise<void> {}

  read(request: Read, signal?: AbortSignal): Promise<ReadResult> {
    return this.#reads.read(request, signal);
  }

  async #read(request: Read): Promise<ReadResult> {
    this.pulls.push(request);
    await new Promise((resolve) => setImmediate(resolve));
    const { failure, meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    return this.#pulled(request);
  }

  #pulled(request: Read): ReadResult {
    this.#checkKnown(request.scope);
    const own = this.items.filter((item) => inScope(request.scope, item));
    const at = (item: Item): number => ('listener' in request.scope ? item.seq : item.place);
    const last = Math.max(0, ...own.map(at));
    const after = request.after === null ? 0 : Number(request.after);
    if (after > last) throw Object.assign(new Error(`lies beyond the end, ${last}`), { code: 'cursor_ahead' });
    const before = request.before === null ? Number.POSITIVE_INFINITY : Number(request.before);
    const ordered = request.order === 'desc' ? own.toReversed() : own;
    const matching = ordered.filter((item) => at(item) > after && at(item) < before && matches(request, item));
    const taken = matching.slice(0, request.limit);
    const edge = request.order === 'desc' ? 0 : last;
    const hasMore = matching.length > taken.length;
    const next = hasMore ? at(taken.at(-1)!) : Math.max(edge, after);
    const messages = taken.filter(({ kind }) => kind === 'message').length;
    return { body: encode(request, taken, at), items: taken.length, messages, next: String(next), hasMore };
  }

  wait(request: Wait, signal: AbortSignal): Promise<WaitResult> {
    return cancellable(this.#wait(request, signal), signal, readerGone);
  }

  async #wait(asked: Wait, signal: AbortSignal): Promise<WaitResult> {
    const request = { ...asked, filter: incomingByDefault(asked) };
    this.waits.push(signal);
    const until = Date.now() + request.timeout;
    for (;;) {
      const { scope } = request;
      const gone = 'listener' in scope && this.forgotten.has(scope.listener);
      if (gone) return { ...NOTHING, satisfied: false, matched: 0, gone, nearMisses: [] };
      const completed = 'listener' in scope && this.completed.has(scope.listener);
      const pulled = this.#pulled(request);
      const matched = Math.min(pulled.items, request.count);
      const satisfied = matched >= request.count;
      if (satisfied || completed || signal.aborted || Date.now() >= until) {
        return { ...pulled, satisfied, matched, gone, nearMisses: [{ seq: 1, why: 'not equal' }] };
      }
      await betweenLooks(2);
    }
  }

  async payload(listener: number, seq: number): Promise<Uint8Array | undefined> {
    const item = this.items.find((one) => one.listener === listener && one.seq === seq);
    return item === undefined ? undefined : Buffer.from(item.text);
  }

  async clear(listener: number, before = Number.POSITIVE_INFINITY): Promise<number> {
    const kept = this.items.filter((item) => item.listener !== listener || item.seq >= before);
    const cleared = this.items.length - kept.length;
    this.items.splice(0, this.items.length, ...kept);
    return cleared;
  }

  async end(scope: ReadScope): Promise<string> {
    const own = this.items.filter((item) => inScope(scope, item));
    return String(Math.max(0, ...own.map((item) => ('listener' in scope ? item.seq : item.place))));
  }

  async histories(listeners: number[]): Promise<Map<number, never>> {
    const known = listeners.filter((number) => !this.forgotten.has(number));
    return new Map(known.map((number) => [number, { firstSeq: 1, lastSeq: this.#lastSeq(number) } as never]));
  }

  onTails(listener: (heads: Tails) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Followers that listen. */
  get followers(): number {
    return this.#listeners.size;
  }

  async register({ number }: JournalListener): Promise<never> {
    if (this.forgotten.delete(number)) await this.clear(number);
    if (!this.#specs.has(number)) this.#specs.set(number, null);
    return { lastSeq: this.#lastSeq(number) } as never;
  }
  async saveSpec(listener: number, spec: string): Promise<void> {
    if (this.#specs.has(listener)) this.#specs.set(listener, spec);
  }
  async savedSpecs(): Promise<Map<number, string | null>> {
    return new Map(this.#specs);
  }
  async saveCounts(counts: ReadonlyMap<number, string>): Promise<void> {
    for (const [listener, text] of counts) if (this.#specs.has(listener)) this.#counts.set(listener, text);
  }
  async savedCounts(): ReturnType<Journal['savedCounts']> {
    const numbers = [...this.#specs.keys()];
    return new Map(numbers.map((n) => [n, { counts: this.#counts.get(n) ?? null, traffic: {} as Traffic }]));
  }
  async configure(): Promise<void> {}
  async forget(listener: number): Promise<void> {
    this.forgotten.add(listener);
    this.#specs.delete(listener);
    this.#counts.delete(listener);
  }
  async complete(listener: number, completed: boolean): Promise<void> {
    if (completed) this.completed.add(listener);
    else this.completed.delete(listener);
  }
  attach(port: MessagePort): void {
    port.on('message', (chunk: Uint8Array) => {
      this.#take(chunk);
      port.postMessage(chunk.byteLength);
    });
    port.unref();
  }
  async append(chunk: Uint8Array): Promise<void> {
    this.#take(chunk);
  }
  async peer(): Promise<undefined> {
    return undefined;
  }
  async seqOf(): Promise<number | undefined> {
    return undefined;
  }
  async accounted(): Promise<number> {
    return 0;
  }
  async stats(): Promise<JournalStats> {
    throw new Error('not faked');
  }
  async close(): Promise<void> {}

  #take(chunk: Uint8Array): void {
    const reader = new ChunkReader(chunk);
    while (reader.next()) {
      const text = Buffer.from(reader.payload).toString();
      this.arrive(reader.listener, text, reader.isIncoming ? 'in' : 'out', KINDS[reader.kind]);
    }
  }

  #checkKnown(scope: ReadScope): void {
    if ('listener' in scope && this.forgotten.has(scope.listener))
      throw new JournalError('unknown_listener', 'the journal knows no such listener');
  }

  #lastSeq(listener: number): number {
    return Math.max(0, ...this.items.filter((item) => item.listener === listener).map(({ seq }) => seq));
  }
}

const NOTHING = { body: new Uint8Array(0), items: 0, messages: 0, next: '0', hasMore: false };

/** As the journal does. */
function incomingByDefault({ filter }: Wait): Wait['filter'] {
  return filter.direction === undefined && filter.kinds === undefined ? { ...filter, direction: 'in' } : filter;
}

function inScope(scope: ReadScope, { listener }: Item): boolean {
  return 'listener' in scope ? scope.listener === listener : (scope.listeners?.includes(listener) ?? true);
}

const BITS: Record<string, number> = { message: 1, connection: 2, gap: 4, drop: 8, listener: 16, problem: 32 };

function matches({ filter }: Read, item: Item): boolean {
  if (((filter.kinds ?? 1) & BITS[item.kind]!) === 0) return false;
  if (filter.direction !== undefined && filter.direction !== item.direction) return false;
  return filter.text === undefined || item.text.includes(filter.text);
}

function encode({ format }: Read, items: Item[], at: (item: Item) => number): Uint8Array {
  const json = items.map(({ place: _place, ...item }) => JSON.stringify(item));
  if (format === 'json') return Buffer.from(json.join(','));
  if (format === 'ndjson') return Buffer.from(json.map((line) => `${line}\n`).join(''));
  return Buffer.from(
    json.map((line, i) => `event: ${items[i]!.kind}\nid: ${at(items[i]!)}\ndata: ${line}\n\n`).join(''),
  );
}
