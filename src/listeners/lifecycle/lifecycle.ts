/**
 * Lifecycle: takes one listener from state to state: open, rebind, complete, fail, close. It joins what has to go
 * together: journal, threads and port. Every method runs within the listener's turn unless it says otherwise.
 */
import { type Clock, systemClock } from '../../clock/clock.ts';
import type { JournalListener } from '../../journal/journal.ts';
import type { Journal } from '../../journal/ports.ts';
import { AddressPolicy, resolveHost } from '../../net/access-policy.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { terminatorOf } from '../../runtime/framing/terminator.ts';
import type { FullSpec } from '../../schemas/listener.ts';
import type { Descriptors } from '../../workers/descriptors.ts';
import type { CloseOrder } from '../../workers/protocol.ts';
import type { AllocationSource } from '../../workers/thread-allocator.ts';
import { ConnectPhase } from '../connect-phase.ts';
import type { Held, Listener } from '../listener.ts';
import type { StoredListener } from '../persistence/stored-listener.ts';
import { changeRecord } from '../records.ts';
import { destinationsOf } from '../responder.ts';
import { closeBindings, closeListener, type Opening, openBindings, type PortRules } from '../sockets/bindings.ts';
import { flushListener } from '../sockets/flush.ts';
import { outOfDescriptors } from '../sockets/os-problems.ts';
import { changePhase } from '../sockets/phase-change.ts';
import { captureLimits, milliseconds } from '../spec.ts';
import { complete, watchIdle } from './completion.ts';
import { endPhase } from './phase-end.ts';
import { fail } from './repair.ts';

export type LifecycleOptions = {
  journal: Journal;
  allocator: AllocationSource;
  ports: PortRules;
  bindPolicy: AddressPolicy;
  /** Where rules may send; loopback by default. */
  sendPolicy?: AddressPolicy;
  /** Absent: nobody counts them. */
  descriptors?: Descriptors;
  /** A failure nobody waits for. */
  onError: (error: unknown) => void;
  /** The platform's by default. */
  clock?: Clock;
};

const LOOPBACK = new AddressPolicy([], { code: 'destination_not_allowed', flag: '--allow-send' });

/** Descriptors of a socket and of a thread. */
const FOR_A_BINDING = 2;
const FOR_A_THREAD = 6;

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #journal: Journal;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#journal = options.journal;
  }

  /** Binds a listener that is not open. Rejects with ProblemError; then nothing is open and the state is as before. */
  async open(listener: Listener, { keepsPort = false } = {}): Promise<void> {
    const { spec, counters } = listener;
    const host = await this.#allowedHost(spec);
    await this.#journal.register(described(listener, { host, port: spec.port }));
    const held = await this.#bind({ listener, spec, counters: counters.memory, keepsPort }, host);
    await this.#begin(listener, spec, held);
  }

  /** Takes up a listener of an earlier process where it stood: completed, or open, or failed when it can't bind now. */
  async resume(listener: Listener, { completed, counts }: Pick<StoredListener, 'completed' | 'counts'>): Promise<void> {
    if (completed) {
      await this.#journal.complete(listener.number, true);
      listener.enter('completed');
    } else {
      await this.open(listener, { keepsPort: true }).catch(
        ({ code = 'internal', message: detail }: Error & { code?: string }) =>
          fail(listener, { code, detail }, this.#journal),
      );
    }
    listener.expiry.set(milliseconds(listener.spec.ttl), counts.expiresAt);
  }

  /** The same for a listener that was open before and begins anew. */
  async reopen(listener: Listener): Promise<void> {
    await this.#moveTo(listener, listener.spec, await this.#allowedHost(listener.spec));
  }

  /**
   * Gives a listener another spec, keeping id, messages and seq. Where the port differs the new sockets open first; on
   * the same port the old ones have to go first. Either way the old ones live on (again) when the new ones can't open.
   */
  async rebind(listener: Listener, next: FullSpec): Promise<void> {
    const host = await this.#allowedHost(next);
    const isInTheWay =
      listener.isOpen &&
      listener.spec.protocol === next.protocol &&
      listener.address?.port === (next.port || listener.keptPort);
    if (isInTheWay) await this.#replaceInPlace(listener, next, host);
    else await this.#moveTo(listener, next, host);
    await this.#journal.configure(listener.number, captureLimits(next));
  }

  /** Another way to meet those who connect, on all bindings of an open listener; the spec is the caller's. */
  async changePhase(listener: Listener, next: FullSpec): Promise<void> {
    const phase = new ConnectPhase(next);
    await changePhase(listener, phase);
    this.#watchPhase(listener, phase);
  }

  /** What the phase in force was for has come. Takes a turn of its own. */
  acceptsAgain(listener: Listener): void {
    const { phase } = listener;
    if (phase?.isUsedUp === true) this.#endPhase(listener, phase);
  }

  /** Frees everything and leaves the listener's state as it is. */
  async close(listener: Listener, how: CloseOrder): Promise<void> {
    listener.expiry.stop();
    if (listener.isOpen) listener.enter('draining');
    await closeListener(listener, how);
  }

  /** The same with the process. What the kernel has queued is read first: it had arrived. */
  async closeForGood(listener: Listener): Promise<void> {
    await flushListener(listener);
    await this.close(listener, { mode: 'fin', drain: 0, reason: 'shutdown' });
  }

  /** Takes a turn of its own. */
  complete(listener: Listener, reason: 'maxRequests' | 'idle'): void {
    complete(listener, reason, this.#journal).catch(this.#options.onError);
  }

  /** Writes a change of state into the listener's history; the last one is written before it shows. */
  recordState(listener: Listener): void {
    const { state, number, openedAt } = listener;
    if (state === 'completed' || state === 'failed' || state === 'opening') return;
    this.#journal.append(changeRecord(number, openedAt, { state })).catch(this.#options.onError);
  }

  #watchPhase(listener: Listener, phase: ConnectPhase): void {
    phase.start(this.#options.clock ?? systemClock, () => this.#endPhase(listener, phase));
  }

  #endPhase(listener: Listener, phase: ConnectPhase): void {
    listener.exclusive(() => endPhase(listener, phase, this.#journal)).catch(this.#options.onError);
  }

  async #allowedHost(spec: FullSpec): Promise<string> {
    const host = await resolveHost(spec.host, spec.family);
    this.#options.bindPolicy.check(host);
    this.checkDestinations(spec);
    return host;
  }

  /** Throws a 403 when its rules send where nothing may be sent. */
  checkDestinations({ responder }: FullSpec): void {
    const { sendPolicy = LOOPBACK } = this.#options;
    for (const { host } of destinationsOf(responder)) sendPolicy.check(host);
  }

  /** What a listener may need of descriptors, a little more than it does. */
  #reserve({ threads, pool }: FullSpec): void {
    const wanted = threads * (FOR_A_BINDING + (pool === 'dedicated' ? FOR_A_THREAD : 0));
    if (this.#options.descriptors?.take(wanted) !== false) return;
    throw outOfDescriptors(this.#options.descriptors);
  }

  async #bind(opening: Opening, host: string): Promise<Held> {
    const { allocator, ports } = this.#options;
    this.#reserve(opening.spec);
    const allocation = await allocator.acquire(opening.listener.id, opening.spec);
    try {
      return await openBindings(opening, allocation, host, ports);
    } catch (error) {
      await allocation.release();
      throw error;
    }
  }

  /** Puts bindings in force, with their spec and the state that goes with it; closes those before. */
  async #begin(listener: Listener, spec: FullSpec, held: Held): Promise<void> {
    const { number, state } = listener;
    try {
      if (state === 'completed' || state === 'failed') await this.#journal.complete(number, false);
    } catch (error) {
      await closeBindings(number, held, { mode: 'rst', drain: 0, reason: 'failed' });
      throw error;
    }
    const before = listener.hold(held, spec);
    if (held.phase !== null) this.#watchPhase(listener, held.phase);
    this.#journal.register(described(listener, held.address!)).catch(this.#options.onError);
    listener.stopWatch();
    listener.stopWatch = watchIdle(listener, () => this.complete(listener, 'idle'), this.#options.clock);
    listener.expiry.set(milliseconds(spec.ttl));
    if (listener.isExhausted) this.complete(listener, 'maxRequests');
    await closeBindings(number, before, { mode: 'fin', drain: 0, reason: 'rebound' });
    listener.counters.settle();
  }

  /** New sockets beside those there are, which go on until they are relieved. */
  async #moveTo(listener: Listener, spec: FullSpec, host: string): Promise<void> {
    const opening: Opening = { listener, spec, counters: listener.prepare(spec.threads), keepsPort: false };
    try {
      const held = await this.#bind(opening, host);
      await this.#begin(listener, spec, held);
    } catch (error) {
      listener.counters.abandon();
      throw error;
    }
  }

  /** The old sockets have to go first: meanwhile the listener is `opening` and holds no port. */
  async #replaceInPlace(listener: Listener, next: FullSpec, host: string): Promise<void> {
    const before = { spec: listener.spec, host: listener.address!.host };
    await flushListener(listener);
    listener.address = null;
    listener.enter('opening');
    await closeListener(listener, { mode: 'fin', drain: 0, reason: 'rebound' });
    try {
      await this.#moveTo(listener, next, host);
    } catch (error) {
      await this.#moveTo(listener, before.spec, before.host).catch((second: Error & { code?: string }) =>
        fail(listener, { code: second.code ?? 'internal', detail: second.message }, this.#journal),
      );
      throw error;
    }
  }
}

function described(listener: Listener, { host, port }: Endpoint): JournalListener {
  const { number, id, name, spec } = listener;
  return {
    number,
    id,
    name,
    protocol: spec.protocol,
    local: { address: host, port },
    ...usualTerminator(spec),
    capture: captureLimits(spec),
  };
}

/** What captures show again behind each incoming message, as latin1 text. */
function usualTerminator({ tcp }: FullSpec): { terminator?: string } {
  const terminator = tcp === undefined ? '' : Buffer.from(terminatorOf(tcp.framing)).toString('latin1');
  return terminator === '' ? {} : { terminator };
}
