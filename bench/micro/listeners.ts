/**
 * What an idle service with many listeners costs: time of GET /v1/listeners and of one more create, through HTTP, and
 * memory a listener. Run: npm run build && node dist/bench/micro/listeners.js [listeners]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const COUNT = Number(process.argv[2] ?? 1000);
const ROUNDS = 21;
const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

const child = spawn(process.execPath, [main, 'serve', '--port', '0', '--max-listeners', String(COUNT + ROUNDS)]);
child.stderr.pipe(process.stderr);
const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
const { url } = JSON.parse(line) as { url: string };

const before = await residentBytes();
const creating = performance.now();
for (let n = 0; n < COUNT; n += 50) {
  await Promise.all(Array.from({ length: Math.min(50, COUNT - n) }, () => create()));
}
const created = performance.now() - creating;
await settle();
const after = await residentBytes();

const lists = await times(() => list(100));
const longLists = await times(() => list(1000));
const creates = await times(create);
console.log(`| ${COUNT} idle UDP listeners | median | slowest of ${ROUNDS} |`);
console.log('|---|---|---|');
console.log(`| GET /v1/listeners, a page of 100 | ${shown(lists)} |`);
console.log(`| GET /v1/listeners?limit=1000 | ${shown(longLists)} |`);
console.log(`| POST /v1/listeners, one more | ${shown(creates)} |`);
console.log(`| creating them, 50 at a time | ${(created / COUNT).toFixed(2)} ms each | |`);
console.log(`| memory a listener (resident) | ${((after - before) / COUNT / 1024).toFixed(1)} KiB | |`);
child.kill('SIGTERM');
await once(child, 'exit');

async function create(): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/listeners`, { method: 'POST', headers, body: '{"protocol":"udp"}' });
  if (response.status !== 201) throw new Error(await response.text());
  await response.text();
}

async function list(limit: number): Promise<void> {
  const { items } = (await (await fetch(`${url}/v1/listeners?limit=${limit}`)).json()) as { items: unknown[] };
  if (items.length !== Math.min(limit, COUNT)) throw new Error(`${items.length} items`);
}

async function times(what: () => Promise<void>): Promise<number[]> {
  const all: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await what();
    all.push(performance.now() - start);
  }
  return all.sort((a, b) => a - b);
}

function shown(sorted: number[]): string {
  return `${sorted[Math.floor(sorted.length / 2)]!.toFixed(1)} ms | ${sorted.at(-1)!.toFixed(1)} ms`;
}

/** Lets garbage of the creates go before memory is read. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 500));
}

async function residentBytes(): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const pages = (await readFile(`/proc/${child.pid}/statm`, 'utf8')).split(' ')[1];
  return Number(pages) * 4096;
}
