/**
 * Host: the thread side of the protocol. Carries out the commands of the main thread on the bindings and sends that live
 * in this thread; each command is answered once, by its reply or its error.
 */

import type { WireError } from '../rpc/wire-error.ts';
import { WorkerError, wireError } from '../rpc/wire-error.ts';
import { Descriptors } from '../workers/descriptors.ts';
import type { InternalErrors } from '../workers/internal-errors.ts';
import type {
  BindingSpec,
  CommandMessage,
  ReplyMessage,
  ReplyOf,
  RequestOf,
  WorkerEvent,
  WorkerStart,
} from '../workers/protocol.ts';
import type { JournalPort } from './chunk-link.ts';
import { BindingCounters } from './counters.ts';
import { BindingRecorder } from './recorder.ts';
import type { Transmissions } from './transmit/transmissions.ts';
import type { Binding, Connections } from './transports/transport.ts';
import { type TransportRegistry, transportOf } from './transports/transports.ts';

export type WorkerCommandsOptions = {
  start: WorkerStart;
  journal: JournalPort;
  /** Of UDP bindings here. */
  engine: 'mmsg' | 'dgram';
  transports: TransportRegistry;
  transmissions: Transmissions;
  internalErrors: InternalErrors;
  post(message: ReplyMessage | WorkerEvent): void;
};

type BindingSlot = { listener: number; incarnation: number; recorder: BindingRecorder; binding: Binding | null };

export class WorkerCommands {
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

  /** Never rejects. */
  async handle(message: CommandMessage): Promise<void> {
    try {
      this.#options.post({ id: message.id, reply: await this.#execute(message) });
    } catch (error) {
      this.#options.post({ id: message.id, error: wireError(error) });
    }
  }

  #execute({ name, request }: CommandMessage): unknown {
    const { transmissions } = this.#options;
    switch (name) {
      case 'open':
        return this.#open(request);
      case 'close':
        return this.#close(request);
      case 'update':
        return this.#update(request);
      case 'flush':
        return this.#flush(request.listener);
      case 'send':
        return transmissions.send(request);
      case 'sendFrom':
        return this.#sendFrom(request);
      case 'cancelSend':
        return transmissions.cancel(request.id);
      case 'connections':
        return this.#connections(request.listener).flatMap((connections) => connections.list());
      case 'connectionSend':
        return this.#connectionSend(request);
      case 'connectionUpdate':
        return this.#among(request.listener, (connections) => connections.update(request.connection, request));
      case 'connectionClose':
        return this.#connections(request.listener).some((connections) =>
          connections.close(request.connection, request.mode),
        );
      case 'describe':
        return this.#describe();
      case 'stop':
        return this.#stop();
      default:
        return name satisfies never;
    }
  }

  async #open({ spec, counters: memory, attachment }: RequestOf<'open'>): Promise<ReplyOf<'open'>> {
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

  /** What a binding may say unasked. */
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

  async #close({ listener, incarnation, mode, drain }: RequestOf<'close'>): Promise<null> {
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

  #update({ listener, live }: RequestOf<'update'>): null {
    for (const { binding } of this.#places.get(listener) ?? []) binding?.update(live);
    return null;
  }

  async #flush(listener: number | null): Promise<null> {
    const places = listener === null ? [...this.#places.values()].flat() : (this.#places.get(listener) ?? []);
    await Promise.all(places.map((place) => place.binding?.flush()));
    for (const place of places) place.recorder.flush();
    return null;
  }

  async #sendFrom({ listener, order, inReplyTo }: RequestOf<'sendFrom'>): Promise<ReplyOf<'sendFrom'>> {
    const { transmissions } = this.#options;
    const binding = this.#find(listener);
    if (binding?.send === undefined)
      throw new WorkerError('not_listening', 'the listener has no socket here to send from');
    return transmissions.run(order, (control) => binding.send!(order, inReplyTo, control));
  }

  async #connectionSend({ listener, connection, payload, sendId }: RequestOf<'connectionSend'>) {
    return this.#among(listener, (connections) => connections.send(connection, payload, sendId));
  }

  #describe(): ReplyOf<'describe'> {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#lastUtilization);
    this.#lastUtilization = now;
    return { utilization, bindings: this.#places.size, engine: this.#options.engine };
  }

  async #stop(): Promise<null> {
    this.#options.transmissions.cancelAll();
    await Promise.allSettled([...this.#places.values()].flat().map((place) => this.#end(place, 'fin', 0)));
    return null;
  }

  /** The newest that is open. */
  #find(listener: number): Binding | undefined {
    return this.#places.get(listener)?.findLast(({ binding }) => binding !== null)?.binding ?? undefined;
  }

  /** The first answer that is one. */
  async #among<A>(
    listener: number,
    ask: (connections: Connections) => Promise<A | null> | A | null,
  ): Promise<A | null> {
    for (const connections of this.#connections(listener)) {
      const answer = await ask(connections);
      if (answer !== null) return answer;
    }
    return null;
  }

  /** Those of all its bindings here; their numbers differ. */
  #connections(listener: number): Connections[] {
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
