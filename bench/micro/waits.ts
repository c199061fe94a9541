/**
 * What sleeping waits cost: thousands of waits for different texts on one listener while datagrams arrive, and how soon
 * each is woken. Run compiled: node dist/bench/micro/waits.js [waits] [datagrams a second]. Default: 2,000 and 10,000.
 */
import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const WAITS = Number(process.argv[2] ?? 2000);
const RATE = Number(process.argv[3] ?? 10_000);
/** Seconds of traffic that each figure is taken over. */
const SECONDS = 4;
const TICKS_A_SECOND = 100;
const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

const child = spawn(process.execPath, [main, 'serve', '--port', '0']);
child.stderr.pipe(process.stderr);
const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
const { url } = JSON.parse(line) as { url: string };
const port = await listener();
const socket = createSocket('udp4').bind(0, '127.0.0.1');
await once(socket, 'listening');

await traffic(socket, 1);
const alone = await cpuShare(() => traffic(socket, SECONDS));
const after = await lastSeq();
const woken = new Map<number, number>();
const answers = Array.from({ length: WAITS }, (_, n) => wait(n).then(() => woken.set(n, performance.now())));
await untilAsleep();
const beside = await cpuShare(() => traffic(socket, SECONDS));
const sent = new Map<number, number>();
await Promise.all([traffic(socket, SECONDS), wakeAll()]);
await Promise.all(answers);

const latencies = [...woken].map(([n, at]) => at - sent.get(n)!).sort((a, b) => a - b);
console.log(`| ${WAITS} waits, ${RATE} datagrams a second | |`);
console.log('|---|---|');
console.log(`| CPU of the service without waits | ${percent(alone)} of a core |`);
console.log(`| CPU of the service with them | ${percent(beside)} of a core |`);
console.log(`| what the waits cost | ${percent(beside - alone)} of a core |`);
console.log(`| woken after the datagram left: median | ${quantile(latencies, 0.5)} ms |`);
console.log(`| 99 % | ${quantile(latencies, 0.99)} ms |`);
socket.close();
child.kill('SIGTERM');
await once(child, 'exit');

async function listener(): Promise<number> {
  const body = '{"protocol":"udp","name":"bench","capture":{"maxMessages":1000000}}';
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/listeners`, { method: 'POST', headers, body });
  return ((await response.json()) as { address: { port: number } }).address.port;
}

/** One wait, on a connection of its own, for a text that nothing else carries. */
async function wait(n: number): Promise<void> {
  const agent = new Agent({ maxSockets: 1 });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  get(
    `${url}/v1/listeners/bench/messages?wait=60s&after=${after}&text=${encodeURIComponent(token(n))}`,
    { agent },
    (response) => {
      response
        .resume()
        .once('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`))));
    },
  ).once('error', reject);
  return promise;
}

/** Where the waits begin: what came before is no concern of theirs. */
async function lastSeq(): Promise<number> {
  const response = await fetch(`${url}/v1/listeners/bench`);
  return ((await response.json()) as { stats: { lastSeq: number } }).stats.lastSeq;
}

function token(n: number): string {
  return `wanted-${n}-wanted`;
}

async function untilAsleep(): Promise<void> {
  const pattern = new RegExp(`^listenpost_journal_waits ${WAITS}$`, 'm');
  while (!pattern.test(await (await fetch(`${url}/metrics`)).text())) await sleep(50);
}

async function traffic(from: Socket, seconds: number): Promise<void> {
  const payload = Buffer.alloc(64, 'some traffic ');
  const begun = performance.now();
  for (let n = 0; n < RATE * seconds; ) {
    const due = Math.min(RATE * seconds, ((performance.now() - begun) / 1000) * RATE);
    for (; n < due; n++) from.send(payload, port, '127.0.0.1');
    await sleep(2);
  }
}

/** A datagram for each wait, spread over the time of traffic. */
async function wakeAll(): Promise<void> {
  for (let n = 0; n < WAITS; n++) {
    sent.set(n, performance.now());
    socket.send(token(n), port, '127.0.0.1');
    if (n % 10 === 9) await sleep((SECONDS * 1000 * 10) / WAITS / 1.2);
  }
}

/** Share of one core that the service uses meanwhile, by the accounting of the OS. */
async function cpuShare(work: () => Promise<void>): Promise<number> {
  const before = cpuSeconds();
  const begun = performance.now();
  await work();
  return (cpuSeconds() - before) / ((performance.now() - begun) / 1000);
}

/** proc(5): utime and stime are fields 14 and 15; the name in field 2 may hold spaces. */
function cpuSeconds(): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function quantile(sorted: number[], share: number): string {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
