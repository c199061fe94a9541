/**
 * TcpBinding: a listening socket in this thread and its connections. Decides who gets in (allow and deny, the limits, the
 * pause, one at a time when sequential) and knows who is in; what is said on a connection is the connection's own.
 */
import type { AddressInfo } from 'node:net';
import { addressBytes } from '../../../net/address.ts';
import type { Endpoint } from '../../../net/endpoint.ts';
import type { CloseReason } from '../../../schemas/records.ts';
import type { LiveSpec, TcpSpec } from '../../../workers/protocol.ts';
import { terminatorOf } from '../../framing/terminator.ts';
import { Admission } from '../../pipeline/admission.ts';
import { Pipeline, type PipelineOptions } from '../../pipeline/pipeline.ts';
import { RefusalLog } from '../../refusal-log.ts';
import type { Binding, BindingContext } from '../../transport.ts';
import { pollUntilQuiet } from '../quiet-loop.ts';
import { Acceptance, isOpen } from './acceptance.ts';
import { type ConnectionContext, TcpConnection } from './connection.ts';
import { ConnectionLog } from './connection-log.ts';
import { ConnectionTable } from './connections.ts';
import type { StreamServer, StreamSocket } from './stream.ts';

/** Milliseconds a close waits for peers to close their side, beyond the drain. */
const PEER_CLOSE_TIMEOUT_MS = 250;

const WANT = 'connections were turned away, for the last file descriptors are kept for the API';

/** `remote` is undefined where the peer had reset before it was accepted: the kernel forgets its address. */
type Arrival = { socket: StreamSocket; remote: Uint8Array | undefined };

export class TcpBinding implements Binding {
  readonly engine: string;
  readonly address: Endpoint;
  readonly receiveBuffer = 0;
  readonly connections = new ConnectionTable();
  readonly #server: StreamServer;
  readonly #spec: TcpSpec;
  readonly #context: BindingContext;
  readonly #admission: Admission;
  readonly #shared: ConnectionContext;
  /** Connections turned away for want of descriptors. */
  readonly #wants: RefusalLog;
  readonly #acceptance: Acceptance;
  /** Otherwise the kernel meets those who connect. */
  #listens: boolean;
  /** Accepted, but not served yet: paused, or waiting for the one before to close. */
  #waiting: Arrival[] = [];
  #accepted = 0;

  constructor(server: StreamServer, spec: TcpSpec, context: BindingContext, engine = 'net') {
    this.engine = engine;
    const { address, port } = server.address() as AddressInfo;
    this.address = { host: address, port };
    this.#server = server;
    this.#spec = spec;
    this.#context = context;
    this.#admission = new Admission(spec, context.counters, context.recorder);
    const log = new ConnectionLog(context, spec.maxPayload, terminatorOf(spec.tcp.framing));
    const record: PipelineOptions['record'] = (request, decision) =>
      log.recordIncoming(this.#shared.current!, request, decision);
    // A request is a connection here; it is served when that closes.
    const pipeline = new Pipeline({ spec, context, localPort: port, policy: null, record, served: () => {} });
    this.#shared = { framing: spec.tcp.framing, pipeline, log, current: null, closing: false };
    const { counters, problem } = context;
    this.#acceptance = new Acceptance(spec.accept, () => context.acceptsAgain?.());
    this.#listens = isOpen(spec.accept);
    this.#wants = new RefusalLog({ counters, problem, counter: 'connectionsRefused', what: WANT });
    server.on('connection', (socket) => this.#accept(socket));
    server.on('error', ({ code = 'internal', message }: NodeJS.ErrnoException) => context.problem({ code, message }));
  }

  ruleStates(): Record<string, number> {
    return this.#shared.pipeline.ruleStates();
  }

  release(ordinal: number): boolean {
    return this.#shared.pipeline.release(ordinal);
  }

  async update(live: LiveSpec): Promise<void> {
    this.#admission.paused = live.paused;
    this.#shared.log.keep = live.maxPayload;
    this.#shared.pipeline.update(live);
    for (const connection of this.connections.all()) {
      connection.hold('paused', live.paused);
      connection.waitForTimes();
    }
    this.#acceptance.update(live.accept);
    this.#serveWaiting();
    await this.#listen(isOpen(live.accept));
  }

  async #listen(on: boolean): Promise<void> {
    if (on === this.#listens) return;
    this.#listens = on;
    if (!on) return void this.#server.close();
    try {
      await this.#server.listen?.();
    } catch (error) {
      const { code = 'internal', message } = error as NodeJS.ErrnoException;
      this.#context.failed({ code, message: `it can't listen again: ${message}` });
    }
  }

  async flush(): Promise<void> {
    await pollUntilQuiet(() => this.#accepted + this.#shared.log.reads);
    this.#context.recorder.flush();
  }

  async close(mode: 'fin' | 'rst', drain: number, reason: CloseReason = 'deleted'): Promise<void> {
    this.#server.close();
    this.#shared.closing = true;
    for (const { socket } of this.#waiting.splice(0)) this.#turnAway(socket, 'closed');
    await this.#shared.pipeline.close(drain);
    for (const connection of this.connections.all()) connection.close(mode, reason);
    await this.connections.empty(Math.max(drain, PEER_CLOSE_TIMEOUT_MS));
    for (const connection of this.connections.all()) connection.close('rst', reason);
    await this.connections.empty();
    this.#shared.log.refusals.close();
    this.#wants.close();
    this.#context.recorder.flush();
  }

  #accept(socket: StreamSocket): void {
    this.#accepted++;
    // Errors of a connection show as its end; without a listener they would end the thread.
    socket.on('error', () => {});
    const remote = socket.remoteAddress === undefined ? undefined : addressBytes(socket.remoteAddress);
    if (!this.#admission.permits(remote)) this.#turnAway(socket, 'denied');
    else if (this.#context.mayOpen?.() === false) this.#turnAwayForWant(socket);
    else if (this.#acceptance.takes('reset')) this.#reset({ socket, remote });
    else if (!this.#context.counters.enter(this.#spec.tcp.maxConnections)) this.#turnAway(socket);
    else this.#admit({ socket, remote });
  }

  #reset({ socket, remote }: Arrival): void {
    this.#context.counters.add('connectionsRefused');
    this.#shared.log.recordRefused({ remote, remotePort: socket.remotePort ?? 0 });
    socket.resetAndDestroy();
  }

  /** The last descriptors are the API's. */
  #turnAwayForWant(socket: StreamSocket): void {
    this.#wants.note('EMFILE');
    socket.destroy();
  }

  #admit(arrival: Arrival): void {
    const { socket } = arrival;
    socket.once('close', () => this.#leave(socket));
    if (this.#acceptance.takes('stall')) {
      this.#connection(arrival, 0).stall();
      return;
    }
    this.#waiting.push(arrival);
    this.#serveWaiting();
  }

  /** Every connection that is not served comes by here: it is counted, with a reason as a message dropped too. */
  #turnAway(socket: StreamSocket, reason?: 'denied' | 'closed'): void {
    const { counters, recorder } = this.#context;
    counters.add('connectionsRefused');
    if (reason !== undefined) {
      counters.add('received');
      counters.add(reason);
    }
    if (reason === 'closed') recorder.gap('closed', 1);
    socket.destroy();
  }

  #serveWaiting(): void {
    while (this.#waiting.length > 0 && !this.#admission.paused) {
      if (this.#spec.sequential && this.connections.size > 0) return;
      this.#serve(this.#waiting.shift()!);
    }
  }

  #serve(arrival: Arrival): void {
    const n = this.#admission.number();
    if (n === 0) this.#turnAway(arrival.socket, 'closed');
    else this.#connection(arrival, n).open();
  }

  /** @param n the number of the request that it is, 0 when it is none */
  #connection({ socket, remote }: Arrival, n: number): TcpConnection {
    const { counters } = this.#context;
    counters.add('connectionsTotal');
    const connection = new TcpConnection(this.#shared, { socket, remote, number: counters.take('connection'), n });
    connection.setIdleTimeout(this.#spec.tcp.idleTimeout);
    this.connections.add(connection);
    return connection;
  }

  /** A socket is closed, whether it was served or still waited. */
  #leave(socket: StreamSocket): void {
    this.#context.counters.leave();
    this.#waiting = this.#waiting.filter((arrival) => arrival.socket !== socket);
    const connection = this.connections.bySocket(socket);
    if (connection === undefined) return;
    connection.closed();
    this.connections.remove(connection);
    if (connection.isRequest && this.#context.counters.serve(this.#spec.maxRequests)) {
      this.#context.recorder.flush();
      this.#context.exhausted();
    }
    this.#serveWaiting();
  }
}
