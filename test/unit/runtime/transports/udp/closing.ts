/**
 * Run in a network of its own (unshare -n), where the kernel's counter of datagrams without a receiver is ours alone:
 * closes sockets in the middle of a flood and prints how many datagrams are unaccounted for.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isMainThread, MessageChannel, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Endpoint } from '../../../../../src/net/endpoint.ts';
import { CreditedLink } from '../../../../../src/runtime/chunk-link.ts';
import { BindingCounters, createCounters } from '../../../../../src/runtime/counters.ts';
import { BindingRecorder } from '../../../../../src/runtime/recorder.ts';
import { openMmsg } from '../../../../../src/runtime/transports/udp/mmsg.ts';
import { betweenLooks, lasting } from '../../../../support/waiting.ts';
import { udpSpec } from '../../../workers/rig.ts';
import { attach, Flood } from './flood.ts';

const ROUNDS = 3;
const CREDIT = 1 << 30;

if (isMainThread) {
  const missing: number[] = [];
  for (let round = 0; round < ROUNDS; round++) missing.push(await closeInFlood(10 * round));
  console.log(JSON.stringify(missing));
  process.exit(0);
} else flood(workerData as Endpoint);

async function closeInFlood(after: number): Promise<number> {
  const spec = udpSpec();
  const { attachment, port, release } = attach(spec);
  const counters = new BindingCounters(createCounters(1), 0);
  const journal = new CreditedLink(new MessageChannel().port1, CREDIT);
  const origin = { listener: 1, node: 0, thread: 1, binding: 0, incarnation: 0 };
  const recorder = new BindingRecorder({ origin, port: journal, counters, openedAt: spec.openedAt });
  const silent = { exhausted: () => {}, failed: () => {}, problem: () => {}, internalError: () => {} };
  const ownPorts = new Uint8Array(65_536);
  const binding = await openMmsg(spec, {
    threadName: 'x',
    counters,
    recorder,
    attachment,
    ownPorts,
    ...silent,
  });
  const before = withoutReceiver();
  const sender = new Worker(new URL(import.meta.url), { workerData: { host: '127.0.0.1', port }, execArgv: [] });
  const ended = once(sender, 'message');
  while (counters.get('received') === 0) await betweenLooks(1);
  await lasting(after);
  await binding.close('fin', 0);
  release();
  const [sent] = (await ended) as [number];
  return sent - counters.get('received') - counters.get('kernel') - (withoutReceiver() - before);
}

/** Sends on after the socket has gone. */
function flood(to: Endpoint): void {
  const flood = new Flood(to, { connected: false });
  flood.send(60_000);
  parentPort!.postMessage(flood.sent);
}

/** NoPorts of UDP over IPv4: they found no socket. */
function withoutReceiver(): number {
  const [names = [], values = []] = readFileSync('/proc/net/snmp', 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('NoPorts')]);
}
