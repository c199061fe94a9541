/**
 * Listener: what a user made. It holds the spec (what was asked) apart from the status (what is), and runs the changes
 * of its own life one after another. It opens and closes nothing itself: sockets are the business of bindings.ts, rules
 * over several listeners that of the registry.
 */
import type { Clock } from '../clock/clock.ts';
import { microsOf, monotonicNanos, wallClock } from '../clock/wall-clock.ts';
import type { ListenerRef } from '../domain.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { addressUrl, rfc3339 } from '../net/text.ts';
import { listenerId } from '../records/ids.ts';
import type { FullSpec } from '../schemas/listener.ts';
import type { ListenerState } from '../schemas/listener-states.ts';
import type { ListenerView } from '../schemas/listener-status.ts';
import type { HistoryStats } from '../schemas/reads.ts';
import type { LiveSpec } from '../workers/protocol.ts';
import type { ThreadAllocation } from '../workers/thread-allocator.ts';
import type { BindingSlot } from './binding-slot.ts';
import type { ConnectPhase } from './connect-phase.ts';
import { ListenerCounters } from './counters/listener-counters.ts';
import type { SavedCounters } from './counters/saved-counters.ts';
import { Expiry } from './lifecycle/expiry.ts';
import { shownResponder } from './responder.ts';
import { RuleSlots, sharesPeers } from './rule-slots.ts';

/** What a listener holds while it is open; taken away from it to be closed. */
export type Held = Pick<Listener, 'bindings' | 'address' | 'allocation' | 'releasePort' | 'phase'>;

export type ListenerFault = { code: string; detail: string };

/** What is counted of a listener without a history yet. */
const EMPTY: HistoryStats = {
  firstSeq: 1,
  lastSeq: 0,
  captured: 0,
  evicted: 0,
  cleared: 0,
  truncated: 0,
  full: 0,
  bytes: 0,
  unread: 0,
};

export class Listener {
  readonly number: number;
  readonly id: string;
  /** Place in the list: listeners are shown in the order of their creation. */
  readonly order: number;
  readonly createdAt: string;
  readonly openedAt = monotonicNanos();
  readonly expiry: Expiry;
  /** What its rules count. */
  readonly ruleSlots = new RuleSlots();
  spec: FullSpec;
  /** The bound address; null while no port is held. */
  address: Endpoint | null = null;
  bindings: BindingSlot[] = [];
  /** The threads it runs on, null when it holds none. */
  allocation: ThreadAllocation | null = null;
  /** Gives the port back. */
  releasePort: (() => void) | null = null;
  /** How it meets those who connect; null while it holds no port. */
  phase: ConnectPhase | null = null;
  /** The port that 0 stands for, once one was given; 0 before. */
  keptPort: number;
  readonly counters: ListenerCounters;
  /** Ends the watch for idleness. */
  stopWatch = () => {};
  fault: ListenerFault | null = null;
  /** Sockets of others that share its port, at the last look. */
  foreignSockets = 0;
  #state: ListenerState = 'opening';
  readonly #onState: (listener: Listener) => void;
  readonly #incarnations: number[] = Array(16).fill(-1);
  #repliesBefore = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    spec: FullSpec,
    options: {
      number: number;
      order: number;
      onState: (listener: Listener) => void;
      onExpired: (listener: Listener) => void;
      clock?: Clock;
      /** What an earlier process knew of it. */
      past?: { createdAt: string; keptPort: number; counts: SavedCounters };
    },
  ) {
    const { createdAt, keptPort } = options.past ?? { createdAt: rfc3339(microsOf(wallClock())), keptPort: 0 };
    this.createdAt = createdAt;
    this.keptPort = keptPort;
    this.spec = spec;
    this.number = options.number;
    this.id = listenerId(options.number);
    this.order = options.order;
    this.#onState = options.onState;
    this.expiry = new Expiry(() => options.onExpired(this), options.clock);
    this.counters = new ListenerCounters(spec.threads, options.past?.counts);
  }

  get name(): string | null {
    return this.spec.name;
  }

  get ref(): ListenerRef {
    const { number, id, name, state } = this;
    const { protocol, strict } = this.spec;
    return { number, id, name, protocol, state, strict };
  }

  get state(): ListenerState {
    return this.#state;
  }

  /** Whether sockets are open (some may be under repair). */
  get isOpen(): boolean {
    return this.#state === 'listening' || this.#state === 'paused' || this.#state === 'degraded';
  }

  /** Changes the state and tells; the same state again tells nothing. */
  enter(state: ListenerState, fault: ListenerFault | null = null): void {
    const from = this.#state;
    this.fault = fault;
    this.#state = state;
    if (from !== state) this.#onState(this);
  }

  /** The state that its spec and bindings call for. */
  settle(): void {
    if (this.bindings.some((binding) => binding.down)) this.enter('degraded');
    else this.enter(this.spec.paused ? 'paused' : 'listening');
  }

  /** Runs a change of this listener after those before it, whether they succeeded or not. */
  exclusive<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(change, change);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Resolves when the changes under way are through, or after so many milliseconds. */
  async settled(milliseconds: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, milliseconds);
    await Promise.race([this.#turn, late.promise]);
    clearTimeout(timer);
  }

  /** Makes ready for new bindings, which count and are numbered anew; returns what they count in. */
  prepare(bindings: number): SharedArrayBuffer {
    this.#incarnations.fill(Math.max(...this.#incarnations));
    return this.counters.prepare(bindings);
  }

  /** Takes over new bindings with the spec they were opened for, in one step; returns what it held before. */
  hold(held: Held, spec: FullSpec): Held {
    const before = this.release();
    Object.assign(this, held);
    this.spec = spec;
    this.keptPort = held.address!.port;
    this.#repliesBefore = 0;
    this.foreignSockets = 0;
    this.counters.adopt();
    this.settle();
    return before;
  }

  /** Takes everything that is open away without closing it. */
  release(): Held {
    const { bindings, address, allocation, releasePort, phase } = this;
    this.spec = this.specInForce;
    const nothing: Held = { bindings: [], address: null, allocation: null, releasePort: null, phase: null };
    Object.assign(this, nothing);
    return { bindings, address, allocation, releasePort, phase };
  }

  /** The number of a binding's next incarnation; one that no binding of an earlier opening had. */
  nextIncarnation(binding: number): number {
    this.#incarnations[binding] = (this.#incarnations[binding]! + 1) & 0xff;
    return this.#incarnations[binding]!;
  }

  /** Whether as many requests were served as maxRequests allows. */
  get isExhausted(): boolean {
    const { maxRequests } = this.spec;
    return maxRequests !== null && this.counters.taken('served') >= maxRequests;
  }

  /** The part of the spec that threads take over without a rebind. */
  get live(): LiveSpec {
    return liveSpec(this.spec, this.#repliesBefore, { slots: this.ruleSlots, phase: this.phase });
  }

  /** Of a connect phase that was for a while and is over nothing is left. */
  get specInForce(): FullSpec {
    return this.phase?.shown(this.spec) ?? this.spec;
  }

  /** Another phase is in force in place of the one before. */
  adoptPhase(phase: ConnectPhase): void {
    this.phase?.stop();
    this.phase = phase;
  }

  /** Replies given before the present responder came. */
  get repliesBefore(): number {
    return this.#repliesBefore;
  }

  /** A new responder counts its `times` from here on. */
  restartReplies(): void {
    this.#repliesBefore = this.counters.taken('reply');
  }

  view(history: HistoryStats = EMPTY, options: { advertisedHost: string | null }): ListenerView {
    const { name, responder, ...spec } = this.specInForce;
    const { host, port } = this.address ?? {};
    const expiresAt = this.expiry.expiresAt;
    const address =
      host === undefined || port === undefined
        ? null
        : { host, port, url: addressUrl(this.spec.protocol, { host, port }, options.advertisedHost) };
    return {
      id: this.id,
      name,
      state: this.#state,
      ...(this.fault === null ? {} : { error: this.fault }),
      address,
      ...spec,
      responder: shownResponder(responder),
      createdAt: this.createdAt,
      expiresAt: expiresAt === null ? null : rfc3339(expiresAt * 1000),
      bindings: this.bindings.map((binding) => ({ thread: binding.thread.name })),
      unread: history.unread,
      unmatched: this.counters.sums().unmatched,
      stats: { ...this.counters.stats(history, this.bindings.length), foreignSockets: this.foreignSockets },
    };
  }
}

/** The part of a spec that threads take over without a rebind; `repliesBefore` were given before this responder came. */
export function liveSpec(
  spec: FullSpec,
  repliesBefore: number,
  { slots, phase }: { slots: RuleSlots; phase: ConnectPhase | null },
): LiveSpec {
  const { paused, responder, capture } = spec;
  const live = { paused, responder, maxPayload: capture.maxPayload, repliesBefore, ...phase?.live };
  if (responder.type === 'rules') return { ...live, ruleCells: slots.assign(responder, sharesPeers(spec)) };
  slots.clear();
  return live;
}
