/** Carries out the journal's commands inside its thread, on the log and what reads from it. */

import type { MessagePort } from 'node:worker_threads';
import { addressText } from '../../net/address.ts';
import { threadName } from '../../records/ids.ts';
import { wireBytes } from '../../records/wire-bytes.ts';
import type { Handlers, ReplyOf, RequestOf } from '../../rpc/protocol.ts';
import type { HistoryStats, JournalStats, ReadResult, ReadScope, Wait, WaitResult } from '../../schemas/reads.ts';
import { Damage } from '../damage/damage.ts';
import type { JournalListener, MessagePeer } from '../journal.ts';
import type { Log } from '../log/log.ts';
import type { Committed } from '../log/transaction.ts';
import { historyOf } from '../log/view.ts';
import type { JournalProtocol } from '../protocol.ts';
import { logRangeOf } from '../query/log-range.ts';
import { Reads } from '../query/reads.ts';
import { TimeSlicer } from '../query/time-slicer.ts';
import { Waits } from '../query/waits.ts';
import type { Reader } from '../reader/reader.ts';
import { unforeseenErrors } from '../unforeseen.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { Ingest } from './ingest.ts';
import { PortLink } from './port-link.ts';
import { endSession } from './session.ts';
import { TailUpdates } from './tail-updates.ts';

/** Milliseconds between two looks at what the clock alone makes due: ages, gap records, rows to be freed. */
const SWEEP = 250;

type Request<K extends keyof JournalProtocol> = RequestOf<JournalProtocol, K>;
type Reply<K extends keyof JournalProtocol> = ReplyOf<JournalProtocol, K>;

type Parts = {
  log: Log;
  reserve: DiskReserve;
  /** Takes pairs of listener number and lastSeq. */
  postTails: (tails: Float64Array) => void;
  /** Null where there is no file to read beside. */
  reader: Reader | null;
  /** Takes a line for the log. */
  notify?: (line: string) => void;
};

export class JournalCommands implements Handlers<JournalProtocol> {
  readonly #log: Log;
  readonly #reserve: DiskReserve;
  readonly #ingest: Ingest;
  readonly #reader: Reader | null;
  readonly #reads: Reads;
  readonly #waits: Waits;
  readonly #tails: TailUpdates;
  readonly #stopSweep: () => void;

  constructor({ log, reserve, reader, postTails, notify = () => {} }: Parts) {
    this.#log = log;
    this.#reserve = reserve;
    this.#reader = reader;
    this.#tails = new TailUpdates(postTails, log.clock);
    this.#ingest = new Ingest({ log, reserve, onCommit: (committed) => this.#committed(committed) });
    const damage = new Damage({ log, ingest: this.#ingest, notify });
    log.chunks.onDamage = (spot) => damage.note(spot);
    if (reader !== null) reader.onDamage = (spot) => damage.note(spot);
    const slices = new TimeSlicer(() => this.#ingest.turn());
    this.#reads = new Reads(log, { slices, commit: () => this.#ingest.commit(), reader });
    this.#waits = new Waits(log, slices);
    this.#stopSweep = log.clock.every(SWEEP, () => this.#tidy());
  }

  register(listener: JournalListener): HistoryStats {
    const history = this.#ingest.change(() => this.#log.register(listener));
    return this.#log.history(history);
  }

  saveSpec({ listener, spec }: Request<'saveSpec'>): null {
    if (!this.#log.histories.has(listener)) return null;
    this.#ingest.change(() => this.#log.store.saveSpec(listener, spec));
    return null;
  }

  savedSpecs(): Map<number, string | null> {
    return this.#log.store.savedSpecs();
  }

  saveCounts(counts: Request<'saveCounts'>): null {
    this.#ingest.change(() => this.#log.noteCounts(counts));
    return null;
  }

  savedCounts(): Reply<'savedCounts'> {
    const histories = [...this.#log.histories];
    return new Map(
      histories.map(([number, history]) => [number, { counts: history.counts, traffic: history.traffic() }]),
    );
  }

  configure({ listener, capture }: Request<'configure'>): null {
    this.#ingest.free(() => this.#log.configure(historyOf(this.#log, listener), capture));
    return null;
  }

  forget({ listener }: Request<'forget'>): null {
    if (!this.#log.histories.has(listener)) return null;
    this.#ingest.free(() => this.#log.forget(historyOf(this.#log, listener)));
    this.#waits.gone(listener);
    return null;
  }

  complete({ listener, completed }: Request<'complete'>): null {
    this.#ingest.drain();
    historyOf(this.#log, listener).completed = completed;
    if (completed) this.#waits.completed(listener);
    return null;
  }

  attach(port: MessagePort): null {
    this.#ingest.attach(new PortLink(port));
    return null;
  }

  append(chunk: Uint8Array): null {
    if (this.#ingest.change(() => this.#log.append([chunk])) === 0) throw new RangeError('not a chunk');
    return null;
  }

  read({ key, ...request }: Request<'read'>, signal: AbortSignal): Promise<ReadResult> {
    this.#ingest.drain();
    return this.#reads.read(request, key, signal);
  }

  endExport({ id }: Request<'endExport'>): null {
    this.#reads.endExport(id);
    return null;
  }

  wait(request: Wait, signal: AbortSignal): Promise<WaitResult> {
    this.#ingest.drain();
    return this.#waits.wait(request, signal);
  }

  payload({ listener, seq, peek, raw }: Request<'payload'>): Uint8Array | null | undefined {
    this.#ingest.drain();
    const history = this.#log.histories.get(listener);
    const reader = history && this.#log.find(history, seq);
    if (reader === undefined) return undefined;
    if (peek !== true) this.#log.markServed(history!, seq);
    return raw === true ? wireBytes(reader, history!.listener.terminator) : reader.payload.slice();
  }

  peer({ listener, seq }: Request<'peer'>): MessagePeer | undefined {
    this.#ingest.drain();
    const history = this.#log.histories.get(listener);
    const reader = history && this.#log.find(history, seq);
    if (reader === undefined) return undefined;
    const { binding, incarnation } = reader;
    const ordinal = (reader.ordinal + seq - reader.firstSeq) >>> 0;
    return {
      direction: reader.isIncoming ? 'in' : 'out',
      remote: { address: addressText(reader.bytes, reader.remoteOffset), port: reader.remotePort },
      connection: reader.connection,
      thread: threadName(reader.thread, listener),
      recorded: { listener, binding, incarnation, ordinal },
    };
  }

  clear({ listener, before }: Request<'clear'>): number {
    return this.#ingest.clear(listener, before);
  }

  histories({ listeners }: Request<'histories'>): Map<number, HistoryStats> {
    this.#ingest.drain();
    const known = listeners
      .map((listener) => this.#log.histories.get(listener))
      .filter((history) => history !== undefined);
    return new Map(known.map((history) => [history.listener.number, this.#log.history(history)]));
  }

  accounted({ listener, binding, incarnation }: Request<'accounted'>): number {
    this.#ingest.drain();
    return this.#log.histories.get(listener)?.accounted(binding, incarnation) ?? 0;
  }

  seqOf({ listener, binding, incarnation, ordinal }: Request<'seqOf'>): number | undefined {
    this.#ingest.drain();
    return this.#log.histories.get(listener)?.seqOf(binding, incarnation, ordinal);
  }

  end(scope: ReadScope): string {
    this.#ingest.drain();
    const range = logRangeOf(this.#log, scope);
    return range.format(range.tail.major, range.tail.minor);
  }

  stats(): JournalStats {
    const { store, maxBytes } = this.#log;
    const { pending, appends, appendSeconds, fault } = this.#ingest;
    const { engine, rows: chunks, bytes } = store;
    const disk = { ...store.disk, ballast: this.#reserve.bytes };
    return {
      engine,
      chunks,
      bytes,
      maxBytes,
      disk,
      pending,
      appends,
      appendSeconds,
      waits: this.#waits.size,
      internalErrors: unforeseenErrors(),
      fault,
    };
  }

  /** Commits what is there, ends the waits, and lets go of the ports and the store. */
  async close(): Promise<null> {
    this.#stopSweep();
    try {
      this.#ingest.drain();
      this.#waits.endAll();
      this.#tails.flush();
      this.#end();
    } finally {
      // Whatever failed before: what is left open would keep the thread, and with it the directory.
      this.#ingest.end();
      await Promise.all([this.#reader?.close(), this.#log.store.close()]);
    }
    return null;
  }

  /** What can't be stored at the end is lost, and said so. */
  #end(): void {
    const lost = this.#ingest.finish(() => endSession(this.#log));
    if (lost === 0) return;
    process.stderr.write(`journal: ${lost} bytes of messages are lost, for ${this.#ingest.fault?.detail}\n`);
  }

  #committed({ fresh, touched }: Committed): void {
    this.#waits.feed(fresh);
    this.#tails.touch(touched);
  }

  #tidy(): void {
    this.#ingest.guard(() => this.#log.refreshAll());
    this.#ingest.tend();
    this.#ingest.commit();
    this.#goOnTidying();
  }

  #tidyMore(): void {
    this.#ingest.commit();
    this.#goOnTidying();
  }

  /** While nothing can be stored, no row can be freed either: the next look comes with the clock. */
  #goOnTidying(): void {
    if (this.#log.isReclaiming && this.#ingest.isStoring) setImmediate(() => this.#tidyMore());
  }
}
