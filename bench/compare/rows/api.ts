/** How long the HTTP API takes to answer: idle, beside a flood, and over long histories. */
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { freemem } from 'node:os';
import { launchServer, source } from '../harness/programs.ts';
import { type Service, startService } from '../harness/service.ts';
import { flood } from '../harness/udp.ts';
import { type Group, inTurn, over, type Subject } from '../report/row.ts';
import { median, quantile } from '../report/stats.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const REQUESTS = 600;
/** Unrecorded rounds: code that is still being compiled takes a core from the flood and from those who answer beside it. */
const WARM_UP = 3;
const PAGES = 60;
const SHORT = 10_000;
const LONG = 10_000_000;
/** The same where there is not the memory for it. */
const LESS = 3_000_000;
const STEP = 1_000_000;

/** p99 of the API, idle and under a full-speed flood on another listener. */
export async function underFlood(rounds: number): Promise<Group> {
  const service = await startService();
  const control = await launchServer([process.execPath, source('http-peer.mjs')]);
  const target = await service.listen({ protocol: 'udp' });
  const quiet = await service.listen({ protocol: 'udp' });
  await flood(quiet.port, 100);
  const ours = ['/v1/listeners', `/v1/listeners/${quiet.id}`, `/v1/listeners/${quiet.id}/messages?limit=20`];
  const urls = { ours: ours.map((path) => service.url + path), plain: [`http://127.0.0.1:${control.port}/`] };
  const quietly = (work: () => Promise<number[]>) => work();
  const flooded = (work: () => Promise<number[]>) => beside(() => flood(target.port, STEP / 5), work);
  const subject = (what: string, list: string[], way: typeof quietly): Subject => ({
    what,
    unit: 'ms, p99',
    measure: async () => ({ value: quantile(await way(() => latencies(list, REQUESTS)), 0.99) }),
  });
  const subjects = [
    subject('listenpost, idle', urls.ours, quietly),
    subject('listenpost, under full flood', urls.ours, flooded),
    subject('plain node:http, idle', urls.plain, quietly),
    subject('plain node:http, beside that flood', urls.plain, flooded),
  ];
  for (const { measure } of subjects) for (let n = 0; n < WARM_UP; n++) await measure();
  const rows = await inTurn(subjects, rounds);
  await Promise.all([service.stop(), control.stop()]);
  const [idle, full, plainIdle, plainFull] = rows;
  const machine = median(over(plainFull!, plainIdle!)).toFixed(1);
  return {
    name: 'api',
    title: 'API latency',
    about: `${REQUESTS} requests one after the other on one connection: the list of listeners, one quiet listener, a page of its messages. The flood goes to another listener, at full speed.`,
    rows,
    findings: [
      { what: 'API p99 under full flood, against idle', ratios: over(full!, idle!), better: 'lower', least: 3, aim: 2 },
    ],
    notes: [
      `What the machine itself does to a server that has nothing to do with the flood: p99 of plain node:http is ${machine} x its idle value.`,
    ],
  };
}

/** A page of 100 by cursor, in a short and in a long history. */
export async function pages(rounds: number): Promise<Group> {
  const long = freemem() > 5 * 1024 ** 3 ? LONG : LESS;
  const service = await startService(['--journal-memory', '8GiB']);
  const few = await filled(service, SHORT);
  const many = await filled(service, long);
  const subject = (what: string, url: (n: number) => string): Subject => ({
    what,
    unit: 'ms, median',
    measure: async () => ({
      value: median(
        await latencies(
          Array.from({ length: PAGES }, (_, n) => url(n)),
          PAGES,
        ),
      ),
    }),
  });
  const at = (id: string, after: number) => `${service.url}/v1/listeners/${id}/messages?limit=100&after=${after}`;
  const measured = [
    subject(`listenpost, ${SHORT.toLocaleString('en')} messages`, (n) => at(few, Math.floor((n / PAGES) * SHORT))),
    subject(`listenpost, ${long.toLocaleString('en')} messages`, (n) => at(many, Math.floor((n / PAGES) * long))),
  ];
  for (const { measure } of measured) await measure();
  const rows = await inTurn(measured, rounds);
  const resident = (service.residentBytes() / 1024 ** 3).toFixed(1);
  await service.stop();
  return {
    name: 'pages',
    title: 'A page of 100, by the size of the history',
    about: `Pages of 100 messages all over a history, one after the other, in memory.`,
    rows,
    findings: [
      {
        what: `page of 100 at ${long.toLocaleString('en')} messages, against ${SHORT.toLocaleString('en')}`,
        ratios: over(rows[1]!, rows[0]!),
        better: 'lower',
        least: 1.5,
        aim: 1.1,
      },
    ],
    notes: [`The service with ${long.toLocaleString('en')} messages of 64 bytes had ${resident} GiB resident.`],
  };
}

/** A listener with at least this many messages; its id. */
async function filled(service: Service, count: number): Promise<string> {
  const { id, port } = await service.listen({ protocol: 'udp', capture: { maxMessages: 2 * count, maxBytes: '4GiB' } });
  for (let captured = 0; captured < count; captured = (await service.stats(id)).captured) {
    await flood(port, Math.min(STEP, count - captured));
  }
  return id;
}

/** Does the work while the load is repeated. */
async function beside(load: () => Promise<unknown>, work: () => Promise<number[]>): Promise<number[]> {
  let going = true;
  const loading = (async () => {
    while (going) await load();
  })();
  const done = await work();
  going = false;
  await loading;
  return done;
}

/** Milliseconds of requests in turn over the addresses. */
async function latencies(urls: readonly string[], count: number): Promise<number[]> {
  const all: number[] = [];
  for (let n = 0; n < count; n++) {
    const begun = performance.now();
    await got(urls[n % urls.length]!);
    all.push(performance.now() - begun);
  }
  return all;
}

async function got(url: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  get(url, { agent }, async (response) => {
    response.resume();
    await once(response, 'end');
    if (response.statusCode === 200) resolve();
    else reject(new Error(`${response.statusCode} of ${url}`));
  }).once('error', reject);
  return promise;
}
