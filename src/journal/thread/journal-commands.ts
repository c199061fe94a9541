/** Host: carries out the journal's commands inside its thread, on the ledger and what reads from it. */
import type { MessagePort } from 'node:worker_threads';
import { addressText } from '../../net/address.ts';
import { threadName } from '../../records/ids.ts';
import type { Caller } from '../../rpc/caller.ts';
import { Damage } from '../damage/damage.ts';
import type { History, JournalListener, JournalStats, MessagePeer, Pulled, Scope, Wait, Waited } from '../journal.ts';
import { JournalError } from '../journal-error.ts';
import type { Book } from '../log/history.ts';
import type { Ledger } from '../log/log.ts';
import type { Committed } from '../log/transaction.ts';
import type { JournalCommand, ReplyOf, RequestOf } from '../protocol.ts';
import { trackOf } from '../query/log-range.ts';
import { Pulls } from '../query/reads.ts';
import { Slices } from '../query/time-slicer.ts';
import { Waits } from '../query/waits.ts';
import type { Reader } from '../reader/reader.ts';
import { unforeseenErrors } from '../unforeseen.ts';
import type { Room } from './disk-reserve.ts';
import { Intake } from './ingest.ts';
import { endSession } from './session.ts';
import { Heads } from './tail-updates.ts';

/** Milliseconds between two looks at what the clock alone makes due: ages, gap records, rows to be freed. */
const SWEEP = 250;

type Handlers = {
  [K in JournalCommand]: (request: RequestOf<K>, caller: Caller) => ReplyOf<K> | Promise<ReplyOf<K>>;
};

type Parts = {
  ledger: Ledger;
  room: Room;
  /** Takes pairs of listener number and lastSeq. */
  postHeads: (heads: Float64Array) => void;
  /** Null where there is no file to read beside. */
  reader: Reader | null;
  /** Takes a line for the log. */
  tell?: (line: string) => void;
};

export class Host implements Handlers {
  readonly #ledger: Ledger;
  readonly #room: Room;
  readonly #intake: Intake;
  readonly #reader: Reader | null;
  readonly #pulls: Pulls;
  readonly #waits: Waits;
  readonly #heads: Heads;
  readonly #sweep: NodeJS.Timeout;

  constructor({ ledger, room, reader, postHeads, tell = () => {} }: Parts) {
    this.#ledger = ledger;
    this.#room = room;
    this.#reader = reader;
    this.#heads = new Heads(postHeads);
    this.#intake = new Intake({ ledger, room, onCommit: (committed) => this.#committed(committed) });
    const damage = new Damage({ ledger, intake: this.#intake, tell });
    ledger.chunks.onDamage = (spot) => damage.note(spot);
    if (reader !== null) reader.onDamage = (spot) => damage.note(spot);
    const slices = new Slices(() => this.#intake.turn());
    this.#pulls = new Pulls(ledger, { slices, commit: () => this.#intake.commit(), reader });
    this.#waits = new Waits(ledger, slices);
    this.#sweep = setInterval(() => this.#tidy(), SWEEP);
  }

  register(listener: JournalListener): History {
    const book = this.#intake.change(() => this.#ledger.register(listener));
    return this.#ledger.history(book);
  }

  saveSpec({ listener, spec }: RequestOf<'saveSpec'>): null {
    if (!this.#ledger.books.has(listener)) return null;
    this.#intake.change(() => this.#ledger.store.saveSpec(listener, spec));
    return null;
  }

  savedSpecs(): Map<number, string | null> {
    return this.#ledger.store.savedSpecs();
  }

  saveCounts(counts: RequestOf<'saveCounts'>): null {
    this.#intake.change(() => this.#ledger.noteCounts(counts));
    return null;
  }

  savedCounts(): ReplyOf<'savedCounts'> {
    const books = [...this.#ledger.books];
    return new Map(books.map(([number, book]) => [number, { counts: book.counts, traffic: book.traffic() }]));
  }

  configure({ listener, capture }: RequestOf<'configure'>): null {
    this.#intake.free(() => this.#ledger.configure(this.#book(listener), capture));
    return null;
  }

  forget({ listener }: RequestOf<'forget'>): null {
    if (!this.#ledger.books.has(listener)) return null;
    this.#intake.free(() => this.#ledger.forget(this.#book(listener)));
    this.#waits.gone(listener);
    return null;
  }

  complete({ listener, completed }: RequestOf<'complete'>): null {
    this.#intake.drain();
    this.#book(listener).completed = completed;
    if (completed) this.#waits.completed(listener);
    return null;
  }

  attach(port: MessagePort): null {
    this.#intake.attach(port);
    return null;
  }

  append(chunk: Uint8Array): null {
    this.#intake.change(() => this.#ledger.append(chunk));
    return null;
  }

  pull({ key, ...request }: RequestOf<'pull'>, caller: Caller): Promise<Pulled> {
    this.#intake.drain();
    return this.#pulls.pull(request, key, caller);
  }

  endExport({ id }: RequestOf<'endExport'>): null {
    this.#pulls.endExport(id);
    return null;
  }

  wait(request: Wait, caller: Caller): Promise<Waited> {
    this.#intake.drain();
    return this.#waits.wait(request, caller);
  }

  payload({ listener, seq, peek }: RequestOf<'payload'>): Uint8Array | undefined {
    this.#intake.drain();
    const book = this.#ledger.books.get(listener);
    const reader = book && this.#ledger.find(book, seq);
    if (reader === undefined) return undefined;
    if (!peek) this.#ledger.markServed(book!, seq);
    return reader.payload.slice();
  }

  peer({ listener, seq }: RequestOf<'peer'>): MessagePeer | undefined {
    this.#intake.drain();
    const book = this.#ledger.books.get(listener);
    const reader = book && this.#ledger.find(book, seq);
    if (reader === undefined) return undefined;
    return {
      direction: reader.isIncoming ? 'in' : 'out',
      remote: { address: addressText(reader.bytes, reader.remoteOffset), port: reader.remotePort },
      connection: reader.connection,
      thread: threadName(reader.thread, listener),
    };
  }

  clear({ listener, before }: RequestOf<'clear'>): number {
    return this.#intake.free(() => this.#ledger.clear(this.#book(listener), before));
  }

  histories({ listeners }: RequestOf<'histories'>): Map<number, History> {
    this.#intake.drain();
    const known = listeners.map((listener) => this.#ledger.books.get(listener)).filter((book) => book !== undefined);
    return new Map(known.map((book) => [book.listener.number, this.#ledger.history(book)]));
  }

  accounted({ listener, binding, incarnation }: RequestOf<'accounted'>): number {
    this.#intake.drain();
    return this.#ledger.books.get(listener)?.accounted(binding, incarnation) ?? 0;
  }

  seqOf({ listener, binding, incarnation, ordinal }: RequestOf<'seqOf'>): number | undefined {
    this.#intake.drain();
    return this.#ledger.books.get(listener)?.seqOf(binding, incarnation, ordinal);
  }

  end(scope: Scope): string {
    this.#intake.drain();
    const track = trackOf(this.#ledger, scope);
    return track.format(track.tail.major, track.tail.minor);
  }

  stats(): JournalStats {
    const { store, maxBytes } = this.#ledger;
    const { pending, appends, appendSeconds, fault } = this.#intake;
    const { engine, rows: chunks, bytes } = store;
    const disk = { ...store.disk, ballast: this.#room.bytes };
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

  /** Commits what is there, answers the waits, and lets go of the ports and the store. */
  close(): null {
    clearInterval(this.#sweep);
    this.#intake.drain();
    this.#waits.endAll();
    this.#heads.flush();
    this.#end();
    this.#reader?.close();
    this.#ledger.store.close();
    return null;
  }

  /** What can't be stored at the end is lost, and said so. */
  #end(): void {
    const lost = this.#intake.finish(() => endSession(this.#ledger));
    if (lost === 0) return;
    process.stderr.write(`journal: ${lost} bytes of messages are lost, for ${this.#intake.fault?.detail}\n`);
  }

  #committed({ fresh, touched }: Committed): void {
    this.#waits.feed(fresh);
    this.#heads.touch(touched);
  }

  #tidy(): void {
    this.#intake.guard(() => this.#ledger.refreshAll());
    this.#intake.tend();
    this.#intake.commit();
    if (this.#ledger.isReclaiming) setImmediate(() => this.#tidyMore());
  }

  #tidyMore(): void {
    this.#intake.commit();
    if (this.#ledger.isReclaiming) setImmediate(() => this.#tidyMore());
  }

  /** Throws JournalError `unknown_listener`. */
  #book(listener: number): Book {
    const book = this.#ledger.books.get(listener);
    if (book === undefined) throw new JournalError('unknown_listener', 'the journal knows no such listener');
    return book;
  }
}
