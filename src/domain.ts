/**
 * The seam between the HTTP face and the domain: all that routes may do. Routes take a request apart, make one of these
 * calls and shape the reply; they know nothing of sockets, threads or SQLite. Every method rejects with ProblemError.
 * `ref` is a listener's id or name.
 */

import type { ListenerSpec } from './schemas/listener.ts';
import type { ListenerState } from './schemas/listener-states.ts';
import type { ListenerView } from './schemas/listener-status.ts';
import type { ListenerPatch } from './schemas/listener-view.ts';
import type {
  HistoryStats,
  JournalStats,
  PayloadOptions,
  Read,
  ReadResult,
  ReadScope,
  Tails,
  Wait,
  WaitResult,
} from './schemas/reads.ts';
import type { RuleList, RulePatch, RuleStatus, RuleTest, RuleTestResult } from './schemas/rules-view.ts';
import type { SendRequest, SendView } from './schemas/send.ts';

export type Domain = { registry: Listeners; sends: Sends; journal: Messages; status: ServiceStatus };

export type Labels = readonly (readonly [key: string, value: string])[];
export type ListQuery = {
  protocol?: string[];
  state?: ListenerState[];
  labels: Labels;
  limit: number;
  cursor?: string;
};
/** Fields a PATCH may change: labels (null removes one) and capture are merged, the responder is replaced whole. */
export type { ListenerPatch };
export type ListenerRef = {
  number: number;
  id: string;
  name: string | null;
  protocol: 'udp' | 'tcp';
  state: ListenerState;
  /** Waits and verifications fail by what no rule matched. */
  strict: boolean;
};
export type CloseMode = 'fin' | 'rst';
export type Removed = {
  deleted: number;
  listeners: { id: string; name: string | null; unread: number; unmatched: number; openConnections: number }[];
};

export interface Listeners {
  /** Resolves once the socket is bound. */
  create(spec: ListenerSpec): Promise<ListenerView>;
  list(query: ListQuery): Promise<{ items: ListenerView[]; next: string | null }>;
  /** Flushes first, so its numbers hold every message whose effect anybody has seen. */
  get(ref: string): Promise<ListenerView>;
  patch(ref: string, patch: ListenerPatch): Promise<ListenerView>;
  put(
    name: string,
    spec: ListenerSpec,
    options: { replace: boolean },
  ): Promise<{ created: boolean; listener: ListenerView }>;
  remove(ref: string, options: { mode: CloseMode; drain: number }): Promise<void>;
  removeWhere(labels: Labels): Promise<Removed>;
  /** Everything: listeners and their messages. */
  reset(): Promise<void>;
  /** Which listener a ref means, without waiting. Renews its ttl. */
  find(ref: string): ListenerRef;
  /** The same after its workers have drained their sockets and flushed: call before a single-listener read. */
  flush(ref: string): Promise<ListenerRef>;
  /** The listeners a read over all means; null = all, judged live. */
  select(query: { refs?: string[]; labels?: Labels }): number[] | null;
  /** Those of them that are strict. */
  strictOf(listeners: number[] | null): number[];
  rules(ref: string): Promise<RuleStatus>;
  /** In one step, between two messages; makes any responder `rules`. */
  putRules(ref: string, list: RuleList): Promise<RuleStatus>;
  patchRule(ref: string, name: string, patch: RulePatch): Promise<RuleStatus>;
  /** What the rules would do with messages. */
  testRules(ref: string, request: RuleTest): Promise<RuleTestResult>;
  connections(ref: string): Promise<ConnectionView[]>;
  /** Bytes written. */
  connectionSend(ref: string, connectionId: string, payload: Uint8Array, raw?: boolean): Promise<number>;
  connectionUpdate(
    ref: string,
    connectionId: string,
    change: { reading?: boolean; writing?: boolean },
  ): Promise<ConnectionView>;
  connectionClose(ref: string, connectionId: string, mode: CloseMode): Promise<void>;
  /** Sends to a message's peer, from the listener's socket or on its connection. */
  reply(
    ref: string,
    seq: number,
    payload: Uint8Array,
    raw?: boolean,
  ): Promise<{ bytes: number; to: { address: string; port: number } }>;
  /** A listener came, went, or changed its state. Returns the way to stop. */
  onChange(callback: (change: { listener: ListenerRef; removed: boolean }) => void): () => void;
  /** Ties a listener's life to a stream: while held no ttl runs; releasing the last hold of `hold=1` removes it. */
  hold(ref: string, options: { tie: boolean }): () => void;
}

/** The messages of all listeners: what the journal lets the HTTP face do. */
export interface Messages {
  /** Empties the workers' ports, then reads. Rejects with code `cursor_ahead` when `after` lies beyond the end. */
  read(request: Read, signal?: AbortSignal): Promise<ReadResult>;
  /** Ends a pcapng export whose client has gone. */
  endExport(id: number): Promise<void>;
  /** Resolves when `count` records match, at the time-out, when the listener completes or is gone, or when aborted. */
  wait(request: Wait, signal: AbortSignal): Promise<WaitResult>;
  /** The kept bytes of one message, undefined when it isn't there, null when its frame was too long to be kept. */
  payload(listener: number, seq: number, options?: PayloadOptions): Promise<Uint8Array | null | undefined>;
  /** Removes messages with seq < before (all when absent); returns how many. */
  clear(listener: number, before?: number): Promise<number>;
  /** Histories of the listeners asked for, after the ports are empty; unknown ones are left out. */
  histories(listeners: number[]): Promise<Map<number, HistoryStats>>;
  /** The cursor at the end of a scope: where a stream without `after` starts. */
  end(scope: ReadScope): Promise<string>;
  stats(): Promise<JournalStats>;
  /** Called for each post of heads. Returns the way to stop. */
  onTails(listener: (tails: Tails) => void): () => void;
}

export type ConnectionView = {
  id: string;
  /** null where nobody knows it: the peer had reset before it was accepted. */
  remote: { address: string; port: number } | null;
  openedAt: string;
  bytesIn: number;
  bytesOut: number;
  thread: string;
  state: 'open' | 'halfClosed' | 'closing';
  reading: boolean;
};

export interface Sends {
  /** `status` 201 with the result, 202 when it goes on. `replayed` when an Idempotency-Key found an earlier answer. */
  create(
    request: SendRequest,
    options: { idempotencyKey?: string },
  ): Promise<{ status: 201 | 202; replayed: boolean; send: SendView }>;
  /** Sends the messages of a pcapng, pcap or NDJSON file with their timing. */
  replay(file: Uint8Array, request: ReplayRequest): Promise<{ status: 201 | 202; send: SendView }>;
  get(id: string): SendView;
  list(query: { limit: number; cursor?: string }): { items: SendView[]; next: string | null };
  cancel(id: string): Promise<SendView>;
  clear(): Promise<void>;
  /** Sums over all sends since the start. */
  totals(): { created: number; running: number; sent: number; errors: number };
  onProgress(callback: (send: SendView) => void): () => void;
}

/** `scale`: factor on the time between messages, 0 = as fast as it goes. `direction`: only those. */
export type ReplayRequest = Pick<SendRequest, 'protocol' | 'to' | 'from'> & { scale: number; direction?: 'in' | 'out' };

export type WorkersView = {
  pools: { name: string; kind: 'shared' | 'dedicated'; threads: ThreadView[] }[];
  maxThreads: number;
  threadsInUse: number;
};
export type ThreadView = {
  name: string;
  state: 'running' | 'replacing' | 'dead';
  engine: 'mmsg' | 'dgram';
  bindings: number;
  /** 0 to 1 since the last look. */
  eventLoopUtilization: number;
  restarts: number;
};

export interface ServiceStatus {
  /** What stands in the way of being ready; empty = ready. */
  readiness(): Promise<{ ready: boolean; checks: { name: string; ok: boolean; detail?: string }[] }>;
  workers(): Promise<WorkersView>;
  info(): Record<string, unknown>;
  /** Stored and configured listeners are up or failed; `started` resolves then. */
  readonly isStarted: boolean;
  readonly started: Promise<void>;
  /** Aborted when the service begins to shut down. */
  readonly stopping: AbortSignal;
}
