/** A flood from one C sender: is all of it captured and readable, and what does a datagram cost? */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compiled, has, launchServer, scratch, source } from '../harness/programs.ts';
import { droppedOf, type Service, type Stats, startService } from '../harness/service.ts';
import { BUFFER, flood } from '../harness/udp.ts';
import { type Finding, type Group, inTurn, over, type Row, type Sample, type Subject } from '../report/row.ts';
import { loggers } from './loggers.ts';

const READABLE = 1_000_000;
const MANY = 10_000_000;
const COSTED = 400_000;
const LINE_FEED = 10;
const MEMORY = ['--journal-memory', '2GiB'];

const LARGE = 64 * 1024 * 1024;

/** Everything that was sent is captured, counted and can be read back. */
export function readable(rounds: number): Promise<Group> {
  return reading({ name: 'readable', title: 'Captured and readable', count: READABLE, rounds });
}

/** The same with ten times as many, once: it takes half a minute. */
export function readableMany(): Promise<Group> {
  return reading({ name: 'readable-many', title: 'Captured and readable, ten million', count: MANY, rounds: 1 });
}

type Reading = Pick<Group, 'name' | 'title'> & { count: number; rounds: number };

async function reading({ name, title, count, rounds }: Reading): Promise<Group> {
  const service = await startService(MEMORY);
  const differences: number[] = [];
  const lates: number[] = [];
  const reader = (what: string, buffer: number): Subject => ({
    what,
    unit: 'datagrams/s sent',
    async measure() {
      const { difference, late, ...sample } = await captureAndRead(service, count, buffer);
      differences.push(Math.abs(difference));
      lates.push(late);
      return sample;
    },
  });
  const subjects = [reader('listenpost, receiveBuffer 8MiB', BUFFER), reader('listenpost, receiveBuffer 64MiB', LARGE)];
  const rows = await inTurn(subjects, rounds);
  await service.stop();
  const [usual, large] = rows;
  return {
    name,
    title,
    about: `${number(count)} numbered datagrams at full speed, then the whole history is exported as NDJSON and counted. The journal is in memory and may take 2 GiB.`,
    rows,
    findings: [
      shareFinding(`% of ${number(count)} captured and read back, receiveBuffer 8MiB (default)`, usual!),
      shareFinding(`% of ${number(count)} captured and read back, receiveBuffer 64MiB`, large!),
      {
        what: `sent − (captured + dropped), of ${number(count)}`,
        ratios: differences,
        better: 'lower',
        least: 0,
        aim: 0,
        judged: 'worst',
      },
    ],
    notes: [
      'Lost: dropped by the kernel while the receiving thread did not run, counted, and marked by gaps.',
      lateNote(lates),
    ],
  };
}

function lateNote(lates: readonly number[]): string {
  const late = lates.filter((missing) => missing !== 0);
  if (late.length === 0) return 'Every first answer after the last datagram accounted for all of them.';
  const most = number(Math.max(...late));
  return `${late.length} of ${lates.length} first answers after the last datagram came early: up to ${most} were still queued.`;
}

function shareFinding(what: string, { lost }: Row): Finding {
  return { what, ratios: lost!.map((share) => (1 - share) * 100), better: 'higher', least: 100, aim: 100, digits: 6 };
}

type Account = { difference: number; late: number };

/** `difference`: sent, less captured, less everything that is counted as dropped; `late` the same in the first answer. */
async function captureAndRead(service: Service, count: number, buffer: number): Promise<Sample & Account> {
  const listener = await service.listen(spec(count, buffer));
  const before = service.cpuUs();
  const { sent, ms } = await flood(listener.port, count);
  const first = await service.stats(listener.id);
  const stats = await settled(service, listener.id, sent);
  const cpuUs = (service.cpuUs() - before) / stats.captured;
  const read = await lines(`${service.url}/v1/listeners/${listener.id}/messages.ndjson?payload=none`);
  await service.call('DELETE', `/v1/listeners/${listener.id}`);
  const sample = { value: sent / (ms / 1e3), cpuUs, lost: 1 - read / sent };
  return { ...sample, late: sent - accounted(first), difference: sent - accounted(stats) };
}

function accounted(stats: Stats): number {
  return stats.captured + droppedOf(stats);
}

/** What is there once everything is accounted for, or after a second in which nothing changed. */
async function settled(service: Service, id: string, sent: number): Promise<Stats> {
  let stats = await service.stats(id);
  for (let seen = -1; accounted(stats) !== sent && accounted(stats) !== seen; ) {
    seen = accounted(stats);
    await sleep(1000);
    stats = await service.stats(id);
  }
  return stats;
}

async function lines(url: string): Promise<number> {
  let count = 0;
  const { body } = await fetch(url);
  for await (const bytes of body!) {
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  }
  return count;
}

/** Whole-process CPU for each datagram that was captured. */
export async function cost(rounds: number): Promise<Group> {
  const data = join(scratch, 'data');
  const memory = await startService(MEMORY);
  const file = await startService([...MEMORY, '--data', data]);
  const dgram = [process.execPath, source('dgram-peer.mjs'), 'count'];
  const python = ['python3', source('socketserver_peer.py'), 'count'];
  const kept = loggers(COSTED);
  const subjects = [
    counter('C, recvmmsg, blocking, only counts', [compiled('udp-count')], '0'),
    counter('C, recvmmsg, 1 ms naps, only counts', [compiled('udp-count')], '1000'),
    counter('node:dgram, only counts', dgram),
    captor('listenpost, in memory', memory),
    captor('listenpost, --data', file),
    ...(has('python3') ? [counter('Python socketserver, only counts', python)] : []),
    ...kept.subjects,
  ];
  const rows = await inTurn(subjects, rounds);
  await Promise.all([memory.stop(), file.stop()]);
  rmSync(data, { recursive: true, force: true });
  const [c, napping, plain, ours, durable] = rows;
  return {
    name: 'capture',
    title: 'CPU a captured datagram',
    about: `${number(COSTED)} datagrams at full speed; whole process, over the datagrams it got.`,
    rows,
    findings: [
      cpuFinding('CPU a datagram, against plain dgram that only counts', over(ours!, plain!, 'cpuUs'), [0.6, 0.35]),
      cpuFinding('the same against a C recvmmsg loop (blocking)', over(ours!, c!, 'cpuUs'), [1.5, 1]),
      cpuFinding('the same against a C recvmmsg loop (1 ms naps)', over(ours!, napping!, 'cpuUs'), [1.5, 1]),
      cpuFinding('CPU with --data, against plain dgram that only counts', over(durable!, plain!, 'cpuUs'), [0.8, 0.5]),
    ],
    notes: [
      'A receiver that loses datagrams did less work for the rest than one that has to keep up.',
      'Asked for is a receive buffer of 8 MiB; node:dgram and socat can’t force it and get what rmem_max allows.',
      'rsyslog and socat write a file: their rate counts until they are done with it, their CPU until then.',
      ...kept.missing.map((name) => `${name} is not installed here: its row is left out.`),
    ],
  };
}

function cpuFinding(what: string, ratios: number[], [least, aim]: [number, number]) {
  return { what, ratios, better: 'lower' as const, least, aim };
}

function spec(count: number, receiveBuffer = BUFFER): object {
  return { protocol: 'udp', capture: { maxMessages: count, maxBytes: '2GiB' }, udp: { receiveBuffer } };
}

/** A program that counts, says JSON when it is done, and asks for our buffer. `nap` is for the C loop only. */
function counter(what: string, command: string[], nap?: string): Subject {
  const args = [`${COSTED}`, ...(nap === undefined ? [] : [nap]), `${BUFFER}`];
  return {
    what,
    unit: 'datagrams/s',
    async measure() {
      const program = await launchServer([...command, ...args]);
      const atStart = program.cpuUs();
      await flood(program.port, COSTED);
      const { received, ms, cpuUs } = JSON.parse((await program.line())!) as Record<
        'received' | 'ms' | 'cpuUs',
        number
      >;
      await program.stop();
      return { value: received / (ms / 1e3), cpuUs: (cpuUs - atStart) / received, lost: 1 - received / COSTED };
    },
  };
}

function captor(what: string, service: Service): Subject {
  return {
    what,
    unit: 'datagrams/s',
    async measure() {
      const listener = await service.listen(spec(COSTED));
      const before = service.cpuUs();
      const begun = performance.now();
      await flood(listener.port, COSTED);
      const { captured } = await service.stats(listener.id);
      const seconds = (performance.now() - begun) / 1e3;
      const cpuUs = (service.cpuUs() - before) / captured;
      await service.call('DELETE', `/v1/listeners/${listener.id}`);
      return { value: captured / seconds, cpuUs, lost: 1 - captured / COSTED };
    },
  };
}

function number(value: number): string {
  return value.toLocaleString('en');
}
