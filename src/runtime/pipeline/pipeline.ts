/**
 * Pipeline: the way of a message through a binding, the same for every transport:
 *
 *   read → admit → decode → reply policy → decide → record → act → encode → send → record what was sent
 *
 * The transport reads, admits and decodes, and fills the message into `request`; from there `serve` takes it. What a
 * message calls for leaves by its Link, so what happens on the way out has one place, too.
 */
import type { BindingSpec, LiveSpec } from '../../workers/protocol.ts';
import { COLUMN } from '../counters.ts';
import { RefusalLog } from '../refusal-log.ts';
import { RuleCells } from '../rule-cells.ts';
import type { BindingContext } from '../transport.ts';
import { ActionRunner, type Task } from './action-runner.ts';
import {
  type Behavior,
  type DatagramPeer,
  type Decision,
  NO_ACTION,
  type ReplyFrom,
  type TimedEvent,
} from './behavior.ts';
import { compileBehavior } from './behaviors.ts';
import type { Link } from './link.ts';
import { Outbound } from './outbound.ts';
import { peerKey } from './peer-key.ts';
import { PeerTimers } from './peer-timers.ts';
import type { ReplyPolicy } from './reply-policy.ts';
import { EMPTY, Request } from './request.ts';
import type { SerialQueue } from './serial-queue.ts';
import { TemplateFault } from './template/template-error.ts';

export type PeerWays = {
  /** From the listener's socket. */
  linkTo(peer: DatagramPeer): Link;
  /** From the socket that is for this peer alone, where it has one. */
  known(peer: DatagramPeer): Link | undefined;
  /** The same, opened where there is none, until the peer was silent for so long; null when that can't be. */
  newPort(peer: DatagramPeer, idle: number): Link | null;
};

export type PipelineOptions = {
  spec: BindingSpec;
  context: BindingContext;
  localPort: number;
  /** Who may be answered; null: everybody. */
  policy: ReplyPolicy | null;
  /** Records the message in `request` as it lies in the transport's memory; returns its ordinal. */
  record(request: Request, decision: Decision): number;
  /** Everything that a message called for is done. */
  served(): void;
  /** Datagrams: the ways out to peers of earlier ones, and the line that answers wait in, if they do. */
  peers?: PeerWays & { queue: SerialQueue<Task> | null };
  /** For tests: another behavior than the spec's. */
  behavior?: Behavior;
};

/** In place of the ordinal of a message: what is sent answers none. */
const UNASKED = -1;

/** What is told of templates that a message does not fit. */
const UNFILLED = 'replies could not be filled in';

const NO_EVENTS: readonly TimedEvent[] = [];

/** The behavior threw. */
const UNDECIDED: Decision = { actions: [] };

export class Pipeline {
  /** The message at hand. */
  readonly request: Request;
  readonly #options: PipelineOptions;
  readonly #row: Float64Array;
  readonly #runner: ActionRunner;
  readonly #unfilled: RefusalLog;
  /** What the behavior threw at the message at hand. */
  #thrown: unknown;
  #behavior: Behavior;
  #compiledFrom: string;
  /** Of datagram peers; null where nothing is done by the clock. */
  #peerTimers: PeerTimers | null = null;
  #isPaused: boolean;
  /** Null until a rule sends something to others. */
  #outbound: Outbound | null = null;

  constructor(options: PipelineOptions) {
    const { spec, context, localPort } = options;
    this.#options = options;
    this.#row = context.counters.row;
    this.request = new Request({ thread: context.threadName, listener: spec.name ?? spec.id, localPort });
    this.#runner = new ActionRunner({
      // An event is no request.
      done: (ordinal) => ordinal === UNASKED || options.served(),
      way: (from, request) => this.#way(from, request),
      sendTo: (destination, payload, meta) => this.#others().send(destination, payload, meta),
      suppressed: () => this.suppress(),
      failed: (error, ordinal) => this.#fail(error, ordinal),
    });
    const { counters, problem } = context;
    this.#unfilled = new RefusalLog({ counters, problem, counter: 'repliesSuppressed', what: UNFILLED });
    this.#compiledFrom = JSON.stringify(spec.responder);
    this.#behavior = options.behavior ?? this.#compile(spec, spec.repliesBefore ?? 0);
    this.#isPaused = spec.paused;
    this.#setTimers();
  }

  /** Nothing will be answered: `serve` only records. */
  get silent(): boolean {
    return this.#behavior.silent;
  }

  /** A responder that stays the same goes on counting its `times`. */
  update(live: LiveSpec): void {
    this.#isPaused = live.paused;
    const from = JSON.stringify(live.responder);
    if (from === this.#compiledFrom) return;
    this.#compiledFrom = from;
    this.#behavior = this.#compile(
      live,
      live.repliesBefore ?? this.#options.context.counters.taken('reply'),
      this.#behavior,
    );
    this.#setTimers();
  }

  /**
   * Takes the message in `request`, whose memory is the transport's until this returns.
   * @param queue the line in which answers keep their order, null where they leave as they are ready
   * @returns whether what follows must wait until the actions are done
   */
  serve(link: Link, queue: SerialQueue<Task> | null): boolean {
    const { request } = this;
    const decision = this.#behavior.silent || !this.#mayAnswer(queue) ? NO_ACTION : this.#decide();
    const ordinal = this.#options.record(request, decision);
    if (decision === UNDECIDED) this.#fail(this.#thrown, ordinal);
    if (decision.actions.length === 0) this.#options.served();
    else this.#runner.start(decision.actions, request, link, ordinal, queue);
    return decision.blocks === true;
  }

  /**
   * Something happened to the connection in `request`: does what a rule says. Nothing is recorded but what is sent.
   * @returns whether what follows must wait until the actions are done
   */
  onEvent(event: 'onConnect' | 'onHalfClose', link: Link, queue: SerialQueue<Task> | null): boolean {
    const decide = this.#behavior[event];
    return decide !== undefined && this.#decideEvent(decide, link, queue);
  }

  /** The same of what is done by the clock. While one of its beats waits for its turn, no other joins the line. */
  onTimedEvent(event: TimedEvent, link: Link, queue: SerialQueue<Task> | null): boolean {
    if (this.#isPaused) return false;
    const turn = queue?.isBusy === true && event.kind === 'every' ? turnOf(this.request, event) : '';
    if (queue?.holds(turn) === true) {
      this.suppress();
      return false;
    }
    this.request.turn = turn;
    return this.#decideEvent((request) => event.decide(request), link, queue);
  }

  #decideEvent(decide: (request: Request) => Decision, link: Link, queue: SerialQueue<Task> | null): boolean {
    const { request } = this;
    try {
      const { actions, rule = '', blocks } = decide(request);
      request.eventRule = rule;
      if (actions.length > 0) this.#runner.start(actions, request, link, UNASKED, queue);
      return blocks === true;
    } catch (error) {
      this.#options.context.internalError(error);
      return false;
    } finally {
      request.eventRule = '';
      request.turn = '';
    }
  }

  /** What is done by the clock on each connection. */
  get timedEvents(): readonly TimedEvent[] {
    return this.#behavior.timing?.events ?? NO_EVENTS;
  }

  /** Whether an event of that kind is waited for. */
  waitsFor(event: 'onConnect' | 'onHalfClose'): boolean {
    return this.#behavior[event] !== undefined;
  }

  ruleStates(): Record<string, number> {
    return this.#behavior.census?.() ?? {};
  }

  /** The message with this ordinal was answered from outside. False when it does not wait for that. */
  release(ordinal: number): boolean {
    return this.#runner.release(ordinal);
  }

  /** A connection is gone. */
  forget(connection: number, queue: SerialQueue<Task>): void {
    if (queue.isBusy) this.#runner.releaseAll(queue);
    this.#behavior.forget?.(connection);
  }

  /** Records the message in `request` without a look at the behavior: it is too late for an answer. */
  record(): void {
    this.#options.record(this.request, NO_ACTION);
  }

  /** An answer was not given. */
  suppress(): void {
    this.#row[COLUMN.repliesSuppressed]!++;
  }

  /** Waits for answers under way, at most so many milliseconds, then gives up the rest. */
  async close(drain: number): Promise<void> {
    this.#peerTimers?.stop();
    this.#peerTimers = null;
    await this.#runner.drain(drain);
    this.#runner.cancel();
    this.#outbound?.close();
    this.#unfilled.close();
  }

  /** Asked before the decision: a message that can't be answered uses up nothing and moves no state. */
  #mayAnswer(queue: SerialQueue<Task> | null): boolean {
    const { policy } = this.#options;
    if (queue?.isFull === true) {
      this.suppress();
      return false;
    }
    return policy === null || policy.allows(this.request.remote, this.request.remotePort);
  }

  /** What is thrown is told once the message is recorded, and the next one is decided on. */
  #decide(): Decision {
    try {
      if (this.#peerTimers !== null) this.#peerTimers.noteMessage(this.request);
      return this.#behavior.decide(this.request);
    } catch (error) {
      this.#thrown = error;
      return UNDECIDED;
    }
  }

  /** From which socket an answer leaves, where a rule says so. */
  #way(from: ReplyFrom, { remote, remotePort }: Request): Link | null {
    const { peers } = this.#options;
    const peer = { remote, remotePort };
    return (from === 'listener' ? peers?.linkTo(peer) : peers?.newPort(peer, from.newPort)) ?? null;
  }

  #others(): Outbound {
    const { context, policy, peers } = this.#options;
    this.#outbound ??= new Outbound({ context, policy, linkTo: peers === undefined ? null : peers.linkTo });
    return this.#outbound;
  }

  /** The behavior is another one: so is what is done by the clock. */
  #setTimers(): void {
    const { peers } = this.#options;
    const { timing } = this.#behavior;
    if (peers === undefined) return;
    if (timing === undefined) {
      this.#peerTimers?.stop();
      this.#peerTimers = null;
      return;
    }
    const known = this.#peerTimers === null ? (this.#behavior.knownPeers?.() ?? []) : [];
    this.#peerTimers ??= new PeerTimers((event, peer) => this.#onPeerTime(event, peer));
    this.#peerTimers.wait(timing);
    for (const peer of known) this.#peerTimers.noteMessage(peer);
  }

  #onPeerTime(event: TimedEvent, { remote, remotePort }: DatagramPeer): void {
    const { peers, policy } = this.#options;
    if (this.#isPaused || policy?.allows(remote, remotePort) === false) return;
    Object.assign(this.request, { payload: EMPTY, n: 0, remote, remotePort });
    const peer = { remote, remotePort };
    this.onTimedEvent(event, peers!.known(peer) ?? peers!.linkTo(peer), peers!.queue);
  }

  #fail(error: unknown, ordinal: number): void {
    if (error instanceof TemplateFault) {
      this.#unfilled.note('template_error', error.message);
      return;
    }
    this.suppress();
    this.#options.context.internalError(error, ordinal === UNASKED ? null : ordinal);
  }

  #compile(live: LiveSpec, repliesBefore: number, before?: Behavior): Behavior {
    const { context, spec } = this.#options;
    const cells = live.ruleCells === undefined ? null : new RuleCells(live.ruleCells);
    return compileBehavior(live.responder, {
      repliesBefore,
      counters: context.counters,
      protocol: spec.protocol,
      cells,
      ...(before === undefined ? {} : { before }),
    });
  }
}

/** What one peer or connection hears again and again. */
function turnOf({ remote, remotePort, connection }: Request, { ms }: TimedEvent): string {
  return `${connection} ${ms} ${peerKey(remote, remotePort)}`;
}
