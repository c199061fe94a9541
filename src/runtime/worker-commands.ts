/**
 * The thread side of the protocol: carries out the commands of the main thread on the bindings and sends that live in
 * this thread.
 */

import type { Handlers, ReplyOf, RequestOf } from '../rpc/protocol.ts';
import type { WireError } from '../rpc/wire-error.ts';
import { WorkerError } from '../rpc/wire-error.ts';
import { Descriptors } from '../workers/descriptors.ts';
import type {
  BindingSpec,
  CloseOrder,
  ConnectionState,
  SendOrder,
  SendOutcome,
  WorkerEvent,
  WorkerProtocol,
  WorkerStart,
} from '../workers/protocol.ts';
import type { CreditedLink } from './chunk-link.ts';
import { BindingCounters } from './counters.ts';
import type { InternalErrors } from './internal-errors.ts';
import { BindingRecorder } from './recorder.ts';
import type { Transmissions } from './transmit/transmissions.ts';
import type { Binding, Connections } from './transport.ts';
import { type TransportRegistry, transportOf } from './transports/transports.ts';

export type WorkerCommandsOptions = {
  start: WorkerStart;
  journal: CreditedLink;
  /** Of UDP bindings here. */
  engine: 'mmsg' | 'dgram';
  transports: TransportRegistry;
  transmissions: Transmissions;
  internalErrors: InternalErrors;
  post(event: WorkerEvent): void;
};

type BindingSlot = { listener: number; incarnation: number; recorder: BindingRecorder; binding: Binding | null };

type Request<K extends keyof WorkerProtocol> = RequestOf<WorkerProtocol, K>;
type Reply<K extends keyof WorkerProtocol> = ReplyOf<WorkerProtocol, K>;

export class WorkerCommands implements Handlers<WorkerProtocol> {
  readonly #options: WorkerCommandsOptions;
  readonly #ownPorts: Uint8Array;
  readonly #descriptors: Descriptors | null;
  /** By listener; the newest last. More than one only while a listener is rebound. */
  readonly #slots = new Map<number, BindingSlot[]>();
  #lastUtilization = performance.eventLoopUtilization();

  constructor(options: WorkerCommandsOptions) {
    this.#options = options;
    const { ownPorts, descriptors } = options.start;
    this.#ownPorts = new Uint8Array(ownPorts);
    this.#descriptors = descriptors === undefined ? null : new Descriptors(descriptors);
  }

  async open({ spec, counters: memory, attachment }: Request<'open'>): Promise<Reply<'open'>> {
    const { start, journal, transports } = this.#options;
    const counters = new BindingCounters(memory, spec.binding);
    const { listener, binding: index, incarnation } = spec;
    const origin = { listener, node: 0, thread: start.thread, binding: index, incarnation };
    const events = this.#events(spec, counters);
    const failed = (error: unknown) => events.internalError(error);
    const recorder = new BindingRecorder({ origin, port: journal, counters, openedAt: spec.openedAt, failed });
    const slot = this.#addSlot(spec, recorder);
    try {
      const context = {
        threadName: start.name,
        counters,
        recorder,
        attachment,
        ownPorts: this.#ownPorts,
        mayOpen: () => this.#descriptors?.take(1) ?? true,
      };
      const binding = await transportOf(spec, transports).open(spec, { ...context, ...events });
      if (!this.#isCurrent(slot)) return await this.#openedTooLate(binding);
      slot.binding = binding;
      counters.set('receiveBuffer', binding.receiveBuffer);
      return { address: binding.address, receiveBuffer: binding.receiveBuffer, engine: binding.engine };
    } catch (error) {
      this.#removeSlot(slot);
      throw error;
    }
  }

  /** It was closed while it opened. */
  async #openedTooLate(binding: Binding): Promise<never> {
    await binding.close('rst', 0, 'rebound');
    throw new WorkerError('not_listening', 'closed before it was open');
  }

  /** Events a binding may emit. */
  #events({ listener, binding, incarnation }: BindingSpec, counters: BindingCounters) {
    const { post, internalErrors, transmissions } = this.#options;
    return {
      transmit: (order: SendOrder, rule: string) => {
        const ended = transmissions.send(order).then((outcome) => {
          post({ event: 'sent', listener, rule, order: { ...order, parts: [] }, outcome });
          return outcome.error;
        });
        return { ended, cancel: () => void transmissions.cancel(order.id) };
      },
      exhausted: () => post({ event: 'exhausted', listener }),
      acceptsAgain: () => post({ event: 'acceptsAgain', listener }),
      failed: (error: WireError) => post({ event: 'failed', listener, binding, error }),
      problem: (error: WireError) => post({ event: 'problem', listener, error }),
      internalError: (error: unknown, ordinal: number | null = null) => {
        counters.add('internalErrors');
        internalErrors.note(error, { listener, binding, incarnation, ordinal });
      },
    };
  }

  async close({ listener, incarnation, ...how }: Request<'close'>): Promise<null> {
    const slots = this.#slots.get(listener) ?? [];
    const slot = incarnation === undefined ? slots.at(-1) : slots.find((one) => one.incarnation === incarnation);
    if (slot !== undefined) await this.#end(slot, how);
    return null;
  }

  async #end(slot: BindingSlot, { mode, drain, reason }: CloseOrder): Promise<void> {
    this.#removeSlot(slot);
    await slot.binding?.close(mode, drain, reason);
    slot.recorder.flush();
  }

  async update({ listener, live }: Request<'update'>): Promise<null> {
    const slots = this.#slots.get(listener) ?? [];
    await Promise.all(slots.map(({ binding }) => binding?.update(live)));
    return null;
  }

  async attach({ listener, incarnation, attachment }: Request<'attach'>): Promise<Reply<'attach'>> {
    const slot = this.#slots.get(listener)?.find((one) => one.incarnation === incarnation);
    if (slot?.binding?.attach === undefined)
      throw new WorkerError('not_listening', 'the listener has no socket here that another could relieve');
    return { droppedBefore: await slot.binding.attach(attachment) };
  }

  async flush({ listener }: Request<'flush'>): Promise<null> {
    const slots = listener === null ? [...this.#slots.values()].flat() : (this.#slots.get(listener) ?? []);
    await Promise.all(slots.map((slot) => slot.binding?.flush()));
    for (const slot of slots) slot.recorder.flush();
    return null;
  }

  send(order: Request<'send'>): Promise<SendOutcome> {
    return this.#options.transmissions.send(order);
  }

  async sendFrom({ listener, order, inReplyTo }: Request<'sendFrom'>): Promise<Reply<'sendFrom'>> {
    const { transmissions } = this.#options;
    const binding = this.#find(listener);
    if (binding?.send === undefined)
      throw new WorkerError('not_listening', 'the listener has no socket here to send from');
    return transmissions.run(order, (control) => binding.send!(order, inReplyTo, control));
  }

  cancelSend({ id }: Request<'cancelSend'>): boolean {
    return this.#options.transmissions.cancel(id);
  }

  connections({ listener }: Request<'connections'>): ConnectionState[] {
    return this.#connectionsOf(listener).flatMap((connections) => connections.list());
  }

  connectionSend({ listener, connection, payload, ...how }: Request<'connectionSend'>): Promise<number | null> {
    return this.#among(listener, (connections) => connections.send(connection, payload, how));
  }

  connectionUpdate(change: Request<'connectionUpdate'>): Promise<ConnectionState | null> {
    return this.#among(change.listener, (connections) => connections.update(change.connection, change));
  }

  ruleStates({ listener }: Request<'ruleStates'>): Record<string, number> {
    return this.#find(listener)?.ruleStates?.() ?? {};
  }

  release({ listener, binding, incarnation, ordinal }: Request<'release'>): boolean {
    const slot = this.#slots.get(listener)?.find(({ recorder: { origin } }) => {
      return origin.binding === binding && origin.incarnation === incarnation;
    });
    return slot?.binding?.release?.(ordinal) ?? false;
  }

  connectionClose({ listener, connection, mode }: Request<'connectionClose'>): boolean {
    return this.#connectionsOf(listener).some((connections) => connections.close(connection, mode));
  }

  describe(): Reply<'describe'> {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#lastUtilization);
    this.#lastUtilization = now;
    return { utilization, bindings: this.#slots.size, engine: this.#options.engine };
  }

  async stop(): Promise<null> {
    this.#options.transmissions.cancelAll();
    const how: CloseOrder = { mode: 'fin', drain: 0, reason: 'shutdown' };
    await Promise.allSettled([...this.#slots.values()].flat().map((slot) => this.#end(slot, how)));
    return null;
  }

  /** The newest that is open. */
  #find(listener: number): Binding | undefined {
    return this.#slots.get(listener)?.findLast(({ binding }) => binding !== null)?.binding ?? undefined;
  }

  /** The first reply that is not null. */
  async #among<A>(
    listener: number,
    ask: (connections: Connections) => Promise<A | null> | A | null,
  ): Promise<A | null> {
    for (const connections of this.#connectionsOf(listener)) {
      const answer = await ask(connections);
      if (answer !== null) return answer;
    }
    return null;
  }

  /** Those of all its bindings here; their numbers differ. */
  #connectionsOf(listener: number): Connections[] {
    return (this.#slots.get(listener) ?? []).flatMap(({ binding }) => binding?.connections ?? []);
  }

  #isCurrent(slot: BindingSlot): boolean {
    return this.#slots.get(slot.listener)?.includes(slot) ?? false;
  }

  #addSlot({ listener, incarnation }: BindingSpec, recorder: BindingRecorder): BindingSlot {
    const slot: BindingSlot = { listener, incarnation, recorder, binding: null };
    this.#slots.set(listener, [...(this.#slots.get(listener) ?? []), slot]);
    return slot;
  }

  #removeSlot(slot: BindingSlot): void {
    const rest = (this.#slots.get(slot.listener) ?? []).filter((one) => one !== slot);
    if (rest.length > 0) this.#slots.set(slot.listener, rest);
    else this.#slots.delete(slot.listener);
  }
}
