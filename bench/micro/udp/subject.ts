/** Starts a receiver under test in this process: one binding in one worker thread, chunks to a sink thread. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { type Counter, createCounters, sumCounters } from '../../../src/runtime/counters.ts';
import { sharedPoller } from '../../../src/runtime/native/poller.ts';
import { closeSocket, openUdpSocket } from '../../../src/runtime/native/sockets.ts';
import type { PlainResponder } from '../../../src/schemas/responder.ts';
import type { UdpSpec } from '../../../src/workers/protocol.ts';
import type { ReadStart, SinkCount, SinkStart } from './thread.ts';

export type Subject = {
  port: number;
  counters(): Record<Counter, number>;
  /** What has reached the sink, after a flush. */
  captured(): Promise<SinkCount>;
  stop(): Promise<void>;
};

export async function startSubject(engine: 'mmsg' | 'dgram', responder: PlainResponder): Promise<Subject> {
  const opened = engine === 'mmsg' ? openUdpSocket(bound) : null;
  const counters = createCounters(1);
  const line = new MessageChannel();
  const sink = thread({ role: 'sink', port: line.port2 });
  const fd = opened?.fd ?? null;
  const reader = thread({
    role: 'read',
    port: line.port1,
    spec: spec(opened?.address.port ?? 0, responder),
    fd,
    counters,
    poller: fd === null ? null : sharedPoller().access,
  });
  const [port] = (await once(reader, 'message')) as [number];
  const ask = async (worker: Worker, what: string) => {
    const answer = once(worker, 'message');
    worker.postMessage(what);
    return (await answer)[0];
  };
  return {
    port,
    counters: () => sumCounters(counters),
    async captured() {
      await ask(reader, 'flush');
      return (await ask(sink, 'count')) as SinkCount;
    },
    async stop() {
      await ask(reader, 'close');
      await Promise.all([reader.terminate(), sink.terminate()]);
      if (fd !== null) closeSocket(fd);
    },
  };
}

const bound = { host: '127.0.0.1', port: 0, ipv6Only: false, receiveBuffer: 8 * 1024 * 1024, binding: 0, bindings: 1 };

function thread(start: ReadStart | SinkStart): Worker {
  return new Worker(new URL('./thread.js', import.meta.url), {
    workerData: start,
    transferList: [start.port],
    execArgv: [],
  });
}

function spec(port: number, responder: PlainResponder): UdpSpec {
  const [seconds, nanos] = process.hrtime();
  return {
    listener: 1,
    id: 'l_0000000001',
    name: null,
    protocol: 'udp',
    host: bound.host,
    port,
    binding: 0,
    bindings: 1,
    incarnation: 0,
    openedAt: seconds * 1e9 + nanos,
    sequential: false,
    maxRequests: null,
    allow: [],
    deny: [],
    udp: { receiveBuffer: bound.receiveBuffer, ipv6Only: false },
    paused: false,
    maxPayload: 65_535,
    responder,
  };
}
