/**
 * A datagram transport in memory, written as a real one would be: it reads, admits and fills in the message, and the
 * pipeline does the rest. Without credit it leaves datagrams where they are.
 */

import { wallClock } from '../../../../src/clock/wall-clock.ts';
import { addressBytes } from '../../../../src/net/address.ts';
import type { Endpoint } from '../../../../src/net/endpoint.ts';
import { DIRECTION_IN, DIRECTION_OUT, type Draft, KIND_MESSAGE } from '../../../../src/records/chunk.ts';
import type { Task } from '../../../../src/runtime/pipeline/action-runner.ts';
import { Admission } from '../../../../src/runtime/pipeline/admission.ts';
import type { Link } from '../../../../src/runtime/pipeline/link.ts';
import { Pipeline } from '../../../../src/runtime/pipeline/pipeline.ts';
import { ReplyPolicy } from '../../../../src/runtime/pipeline/reply-policy.ts';
import { ReplyWaiters } from '../../../../src/runtime/pipeline/reply-waiters.ts';
import { SerialQueue } from '../../../../src/runtime/pipeline/serial-queue.ts';
import { repliesRefused } from '../../../../src/runtime/refusal-log.ts';
import { type DatagramSender, transmitDatagrams } from '../../../../src/runtime/transmit/datagrams.ts';
import type { Binding, BindingContext, SendControl, Transport } from '../../../../src/runtime/transport.ts';
import type { LiveSpec, SendOutcome, UdpOrder, UdpSpec } from '../../../../src/workers/protocol.ts';
import type { MemoryDatagram, MemoryDatagramSocket, MemoryNetwork } from './memory-network.ts';
import { errno } from './memory-socket.ts';

const UNWATCHED: SendControl = { signal: new AbortController().signal, report: () => {} };

export function memoryDatagrams(network: MemoryNetwork): Transport<UdpSpec> {
  return {
    name: 'udp',
    async open(spec, context) {
      return new MemoryDatagramBinding(network.bind(spec.host, spec.port, spec.binding > 0), spec, context);
    },
  };
}

class MemoryDatagramBinding implements Binding {
  readonly engine = 'memory';
  readonly address: Endpoint;
  readonly receiveBuffer: number;
  readonly #socket: MemoryDatagramSocket;
  readonly #context: BindingContext;
  readonly #admission: Admission;
  readonly #pipeline: Pipeline;
  readonly #queue: SerialQueue<Task> | null;
  readonly #waiters = new ReplyWaiters();
  readonly #refusals: ReturnType<typeof repliesRefused>;
  #keep: number;
  #closing = false;
  #starved = false;

  constructor(socket: MemoryDatagramSocket, spec: UdpSpec, context: BindingContext) {
    const { address, port } = socket.address();
    const { counters, recorder } = context;
    this.address = { host: address, port };
    this.receiveBuffer = spec.udp.receiveBuffer;
    this.#socket = socket;
    this.#context = context;
    this.#keep = spec.maxPayload;
    this.#admission = new Admission(spec, counters, recorder);
    this.#queue = spec.sequential ? new SerialQueue() : null;
    this.#refusals = repliesRefused(context);
    this.#pipeline = new Pipeline({
      spec,
      context,
      localPort: port,
      policy: new ReplyPolicy(context.ownPorts, counters),
      record: ({ payload, remote, remotePort }) => {
        const ordinal = this.#record(DIRECTION_IN, payload, remote, remotePort);
        if (this.#waiters.active) this.#waiters.notify(payload, remote, remotePort);
        return ordinal;
      },
      served: () => {
        if (!counters.serve(spec.maxRequests)) return;
        recorder.flush();
        context.exhausted();
      },
    });
    socket.on('readable', () => this.#read());
  }

  update(live: LiveSpec): void {
    this.#admission.paused = live.paused;
    this.#keep = live.maxPayload;
    this.#pipeline.update(live);
  }

  async flush(): Promise<void> {
    this.#read();
    this.#context.recorder.flush();
  }

  async close(_mode: 'fin' | 'rst', drain: number): Promise<void> {
    this.#closing = true;
    await this.#pipeline.close(drain);
    this.#read();
    this.#socket.close();
    this.#refusals.close();
    this.#context.recorder.flush();
  }

  send(order: UdpOrder, inReplyTo?: number, control: SendControl = UNWATCHED): Promise<SendOutcome> {
    return transmitDatagrams(order, () => this.#sender(order, inReplyTo), {
      control,
      thread: this.#context.threadName,
    });
  }

  #read(): void {
    const { recorder } = this.#context;
    while (recorder.hasCredit || this.#closing) {
      const datagram = this.#socket.next();
      if (datagram === undefined) return;
      this.#receive(datagram);
    }
    if (this.#starved) return;
    this.#starved = true;
    recorder.onCredit(() => {
      this.#starved = false;
      this.#read();
    });
  }

  #receive({ payload, from }: MemoryDatagram): void {
    const { counters, recorder } = this.#context;
    counters.add('received');
    counters.add('receiveBatches');
    counters.add('receivedBytes', payload.length);
    const remote = addressBytes(from.host);
    if (this.#closing) {
      counters.add('closed');
      recorder.gap('closed', 1);
      return;
    }
    if (this.#admission.refuses(remote)) return;
    const n = this.#admission.request();
    if (n === 0) return;
    Object.assign(this.#pipeline.request, { payload, n, remote, remotePort: from.port });
    this.#pipeline.serve(this.#link(from, remote), this.#queue);
  }

  #link(peer: Endpoint, remote: Uint8Array): Link {
    const link: Link = {
      send: (payload, { answers }) => {
        const refusal = this.#socket.send(payload, peer);
        if (refusal !== null) this.#refusals.note(refusal);
        else this.#recordSent(payload, remote, peer.port, { reference: answers });
      },
      close: () => {},
      hold: () => {},
      keep: () => link,
    };
    return link;
  }

  #sender(order: UdpOrder, answersSeq: number | undefined): DatagramSender {
    const { recorder } = this.#context;
    const remote = addressBytes(order.to.host);
    let stop = () => {};
    return {
      local: this.address,
      send: async (payload) => {
        if (!recorder.hasCredit) await new Promise<void>((resolve) => recorder.onCredit(resolve));
        const refusal = this.#socket.send(payload, order.to);
        if (refusal !== null) throw errno(refusal);
        this.#recordSent(payload, remote, order.to.port, { answersSeq, extras: { sendId: order.id } });
      },
      listen: (onReply) => {
        stop = this.#waiters.add(order.to, onReply);
      },
      close: () => stop(),
    };
  }

  #recordSent(payload: Uint8Array, remote: Uint8Array, remotePort: number, about: Partial<Draft>): void {
    this.#context.counters.add('sent');
    this.#context.counters.add('sentBytes', payload.length);
    this.#record(DIRECTION_OUT, payload, remote, remotePort, about);
  }

  #record(direction: number, payload: Uint8Array, remote: Uint8Array, remotePort: number, about?: Partial<Draft>) {
    const kept = payload.subarray(0, this.#keep);
    const what = { kind: KIND_MESSAGE, direction, at: wallClock(), size: payload.length, payload: kept };
    return this.#context.recorder.record({ ...what, remote, remotePort, ...about });
  }
}
