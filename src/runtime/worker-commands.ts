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
  ConnectionState,
  SendOutcome,
  WorkerEvent,
  WorkerProtocol,
  WorkerStart,
} from '../workers/protocol.ts';
import type { JournalPort } from './chunk-link.ts';
import { BindingCounters } from './counters.ts';
import type { InternalErrors } from './internal-errors.ts';
import { BindingRecorder } from './recorder.ts';
import type { Transmissions } from './transmit/transmissions.ts';
import type { Binding, Connections } from './transport.ts';
import { type TransportRegistry, transportOf } from './transports/transports.ts';

export type WorkerCommandsOptions = {
  start: WorkerStart;
  journal: JournalPort;
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
  readonly #places = new Map<number, BindingSlot[]>();
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
    const { listener, binding: place, incarnation } = spec;
    const origin = { listener, node: 0, thread: start.thread, binding: place, incarnation };
    const recorder = new BindingRecorder({ origin, port: journal, counters, openedAt: spec.openedAt });
    const registration = this.#registration(spec, recorder);
    try {
      const context = {
        threadName: start.name,
        counters,
        recorder,
        attachment,
        ownPorts: this.#ownPorts,
        mayOpen: () => this.#descriptors?.take(1) ?? true,
      };
      const binding = await transportOf(spec, transports).open(spec, { ...context, ...this.#events(spec, counters) });
      if (!this.#isSeated(registration)) return await this.#openedTooLate(binding);
      registration.binding = binding;
      counters.set('receiveBuffer', binding.receiveBuffer);
      return { address: binding.address, receiveBuffer: binding.receiveBuffer, engine: binding.engine };
    } catch (error) {
      this.#unseat(registration);
      throw error;
    }
  }

  /** It was closed while it opened. */
  async #openedTooLate(binding: Binding): Promise<never> {
    await binding.close('rst', 0);
    throw new WorkerError('not_listening', 'closed before it was open');
  }

  /** Events a binding may emit. */
  #events({ listener, binding, incarnation }: BindingSpec, counters: BindingCounters) {
    const { post, internalErrors } = this.#options;
    return {
      exhausted: () => post({ event: 'exhausted', listener }),
      failed: (error: WireError) => post({ event: 'failed', listener, binding, error }),
      problem: (error: WireError) => post({ event: 'problem', listener, error }),
      internalError: (error: unknown, ordinal: number | null = null) => {
        counters.add('internalErrors');
        internalErrors.note(error, { listener, binding, incarnation, ordinal });
      },
    };
  }

  async close({ listener, incarnation, mode, drain }: Request<'close'>): Promise<null> {
    const places = this.#places.get(listener) ?? [];
    const place = incarnation === undefined ? places.at(-1) : places.find((one) => one.incarnation === incarnation);
    if (place !== undefined) await this.#end(place, mode, drain);
    return null;
  }

  async #end(place: BindingSlot, mode: 'fin' | 'rst', drain: number): Promise<void> {
    this.#unseat(place);
    await place.binding?.close(mode, drain);
    place.recorder.flush();
  }

  update({ listener, live }: Request<'update'>): null {
    for (const { binding } of this.#places.get(listener) ?? []) binding?.update(live);
    return null;
  }

  async flush({ listener }: Request<'flush'>): Promise<null> {
    const places = listener === null ? [...this.#places.values()].flat() : (this.#places.get(listener) ?? []);
    await Promise.all(places.map((place) => place.binding?.flush()));
    for (const place of places) place.recorder.flush();
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

  connectionSend({ listener, connection, payload, sendId }: Request<'connectionSend'>): Promise<number | null> {
    return this.#among(listener, (connections) => connections.send(connection, payload, sendId));
  }

  connectionUpdate(change: Request<'connectionUpdate'>): Promise<ConnectionState | null> {
    return this.#among(change.listener, (connections) => connections.update(change.connection, change));
  }

  connectionClose({ listener, connection, mode }: Request<'connectionClose'>): boolean {
    return this.#connectionsOf(listener).some((connections) => connections.close(connection, mode));
  }

  describe(): Reply<'describe'> {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#lastUtilization);
    this.#lastUtilization = now;
    return { utilization, bindings: this.#places.size, engine: this.#options.engine };
  }

  async stop(): Promise<null> {
    this.#options.transmissions.cancelAll();
    await Promise.allSettled([...this.#places.values()].flat().map((place) => this.#end(place, 'fin', 0)));
    return null;
  }

  /** The newest that is open. */
  #find(listener: number): Binding | undefined {
    return this.#places.get(listener)?.findLast(({ binding }) => binding !== null)?.binding ?? undefined;
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
    return (this.#places.get(listener) ?? []).flatMap(({ binding }) => binding?.connections ?? []);
  }

  #isSeated(place: BindingSlot): boolean {
    return this.#places.get(place.listener)?.includes(place) ?? false;
  }

  #registration({ listener, incarnation }: BindingSpec, recorder: BindingRecorder): BindingSlot {
    const place: BindingSlot = { listener, incarnation, recorder, binding: null };
    this.#places.set(listener, [...(this.#places.get(listener) ?? []), place]);
    return place;
  }

  #unseat(place: BindingSlot): void {
    const rest = (this.#places.get(place.listener) ?? []).filter((one) => one !== place);
    if (rest.length > 0) this.#places.set(place.listener, rest);
    else this.#places.delete(place.listener);
  }
}
