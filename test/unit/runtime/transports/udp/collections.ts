/**
 * Counts the minor garbage collections of a thread that reads datagrams by the native engine, and prints them: run as a
 * process of its own, with a small young generation, so that a single object a datagram shows. The sender and what
 * stands for the journal are threads, with heaps of their own.
 */
import { once } from 'node:events';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isMainThread, MessageChannel, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Endpoint } from '../../../../../src/net/endpoint.ts';
import { CreditedLink } from '../../../../../src/runtime/chunk-link.ts';
import { BindingCounters, createCounters } from '../../../../../src/runtime/counters.ts';
import { BindingRecorder } from '../../../../../src/runtime/recorder.ts';
import { openMmsg } from '../../../../../src/runtime/transports/udp/mmsg.ts';
import type { PlainResponder } from '../../../../../src/schemas/responder.ts';
import { udpSpec } from '../../../workers/rig.ts';
import { attach, Flood } from './flood.ts';

export type Collections = { datagrams: number; minor: number };
type GcEntry = { detail: { kind: number } };
type Start = { sink: MessagePort } | { to: Endpoint };

const WARM_UP = 50_000;
const DATAGRAMS = 200_000;
/** Fit into the receive buffer. */
const PORTION = 4_000;

if (isMainThread) {
  const plain = await collections({ type: 'none' });
  const echo = await collections({ type: 'echo' });
  console.log(JSON.stringify({ plain, echo }));
  process.exit(0);
}
const start = workerData as Start;
if ('sink' in start) start.sink.on('message', (chunk: Uint8Array) => start.sink.postMessage(chunk.byteLength));
else {
  const flood = new Flood(start.to, { connected: false });
  parentPort!.on('message', (count: number) => {
    flood.send(count);
    parentPort!.postMessage(null);
  });
}

async function collections(responder: PlainResponder): Promise<Collections> {
  let minor = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as GcEntry[]) {
      if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) minor++;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const spec = udpSpec({ responder, udp: { receiveBuffer: 8 << 20 } });
  const { attachment, port, release } = attach(spec);
  const counters = new BindingCounters(createCounters(1), 0);
  const binding = await openMmsg(spec, { ...context(spec.openedAt, counters), attachment });
  const sender = thread({ to: { host: '127.0.0.1', port } });
  const receive = async (count: number) => {
    const before = counters.get('received');
    for (let sent = 0; counters.get('received') - before < count && sent < 4 * count; sent += PORTION) {
      const done = once(sender, 'message');
      sender.postMessage(PORTION);
      await done;
      await nextTurn();
    }
    return counters.get('received') - before;
  };
  await receive(WARM_UP);
  await nextTurn();
  minor = 0;
  const datagrams = await receive(DATAGRAMS);
  await nextTurn();
  const counted = minor;
  observer.disconnect();
  await binding.close('fin', 0);
  release();
  await sender.terminate();
  return { datagrams, minor: counted };
}

function context(openedAt: number, counters: BindingCounters) {
  const { port1, port2 } = new MessageChannel();
  thread({ sink: port2 }, [port2]);
  const journal = new CreditedLink(port1, 16 << 20);
  const origin = { listener: 1, node: 0, thread: 1, binding: 0, incarnation: 0 };
  const recorder = new BindingRecorder({ origin, port: journal, counters, openedAt });
  const silent = { exhausted: () => {}, failed: () => {}, problem: () => {}, internalError: () => {} };
  return { threadName: 'x', counters, recorder, ownPorts: new Uint8Array(65_536), ...silent };
}

function thread(start: Start, transferList: MessagePort[] = []): Worker {
  return new Worker(new URL(import.meta.url), { workerData: start, transferList, execArgv: [] });
}
