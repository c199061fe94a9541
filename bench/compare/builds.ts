/**
 * Two builds of the service side by side, taking turns in one run: what did a change cost? Each round measures one build
 * and right after it the other, so the machine's mood is in both; a figure is the ratio within a round.
 * Run compiled: node dist/bench/compare/builds.js OTHER/dist/src/cli/main.js [--rounds N] [--only name,…]
 */
import { parseArgs } from 'node:util';
import { type Service, startService } from './harness/service.ts';
import { BUFFER, flood, ping, tcpPing } from './harness/udp.ts';
import { median, quantile } from './report/stats.ts';

const DATAGRAMS = 400_000;
const LOOP_MS = 800;
const CONNECTIONS = 16;
const PAGES = 1500;
const BURST = 200_000;
/** What a change may cost at most, as the median ratio. */
const TOLERATED = 1.05;

/** Takes a service and returns time for one unit of work, in microseconds: lower is better. */
type Measure = (service: Service) => Promise<number>;

const MEASURES: Record<string, Measure> = {
  'CPU a captured datagram': capture,
  'UDP echo, 1 outstanding': (service) => echo(service, 1),
  'UDP echo, 64 outstanding': (service) => echo(service, 64),
  'CPU an echoed datagram': echoCpu,
  'TCP request and reply': tcp,
  'page of 100': page,
  'burst of sends': burst,
};

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '10' }, only: { type: 'string' } },
});
const [other] = positionals;
if (other === undefined) throw new Error('name the other build: …/dist/src/cli/main.js');
const rounds = Number(options.rounds);

console.log(
  `| what | this build, median µs | other build, median µs | ratio | 95 % of ratios' medians |\n|---|---|---|---|---|`,
);
let worst = 0;
for (const [name, measure] of Object.entries(MEASURES)) {
  if (options.only !== undefined && !options.only.split(',').some((part) => name.includes(part))) continue;
  const { mine, theirs } = await sideBySide(measure, other);
  const ratios = mine.map((value, i) => value / theirs[i]!);
  const ratio = median(ratios);
  worst = Math.max(worst, ratio);
  const [low, high] = interval(ratios);
  const cells = [name, fixed(median(mine)), fixed(median(theirs)), fixed(ratio), `${fixed(low)} – ${fixed(high)}`];
  console.log(`| ${cells.join(' | ')} |`);
}
if (worst > TOLERATED) process.exitCode = 1;

/** Both builds in turn, each first in every other round; one round to warm up is not counted. */
async function sideBySide(measure: Measure, build: string): Promise<{ mine: number[]; theirs: number[] }> {
  const [ours, others] = [await startService([]), await startService([], build)];
  const mine: number[] = [];
  const theirs: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const first = round % 2 === 0 ? ours : others;
    const one = await measure(first);
    const two = await measure(first === ours ? others : ours);
    if (round < 0) continue;
    mine.push(first === ours ? one : two);
    theirs.push(first === ours ? two : one);
  }
  await Promise.all([ours.stop(), others.stop()]);
  return { mine, theirs };
}

async function capture(service: Service): Promise<number> {
  const spec = {
    protocol: 'udp',
    capture: { maxMessages: DATAGRAMS, maxBytes: '1GiB' },
    udp: { receiveBuffer: BUFFER },
  };
  const { id, port } = await service.listen(spec);
  const before = service.cpuUs();
  await flood(port, DATAGRAMS);
  const { captured } = await service.stats(id);
  const spent = service.cpuUs() - before;
  await service.call('DELETE', `/v1/listeners/${id}`);
  return spent / captured;
}

async function echo(service: Service, outstanding: number): Promise<number> {
  return answering(service, 'udp', (port) => ping(port, outstanding, LOOP_MS));
}

/** Of the whole process; the clock says nothing on a busy machine. */
async function echoCpu(service: Service): Promise<number> {
  return answering(service, 'udp', async (port) => {
    const before = service.cpuUs();
    const { trips } = await ping(port, 64, LOOP_MS);
    return { trips, ms: (service.cpuUs() - before) / 1000 };
  });
}

async function tcp(service: Service): Promise<number> {
  return answering(service, 'tcp', (port) => tcpPing(port, CONNECTIONS, LOOP_MS));
}

async function answering(
  service: Service,
  protocol: 'udp' | 'tcp',
  run: (port: number) => Promise<{ trips: number; ms: number }>,
): Promise<number> {
  const capture = { maxMessages: 1_000_000, maxBytes: '256MiB' };
  const { id, port } = await service.listen({ protocol, responder: { type: 'echo' }, capture });
  const { trips, ms } = await run(port);
  await service.call('DELETE', `/v1/listeners/${id}`);
  return (ms * 1000) / trips;
}

async function page(service: Service): Promise<number> {
  const { id, port } = await service.listen({ protocol: 'udp', capture: { maxMessages: 100_000 } });
  await flood(port, 50_000);
  await service.stats(id);
  const begun = performance.now();
  for (let n = 0; n < PAGES; n++) await service.call('GET', `/v1/listeners/${id}/messages?limit=100`);
  const spent = performance.now() - begun;
  await service.call('DELETE', `/v1/listeners/${id}`);
  return (spent * 1000) / PAGES;
}

async function burst(service: Service): Promise<number> {
  const { id, port } = await service.listen({ protocol: 'udp', capture: { maxMessages: 0 } });
  const to = { host: '127.0.0.1', port };
  const send = { protocol: 'udp', to, text: 'x'.repeat(64), count: BURST };
  const begun = performance.now();
  const sent = await finished(service, await service.call<SendState>('POST', '/v1/sends', send));
  const spent = performance.now() - begun;
  await service.call('DELETE', `/v1/listeners/${id}`);
  return (spent * 1000) / sent;
}

type SendState = { id: string; state: string; sent: number };

/** A long send is answered before it is done. Returns how many left. */
async function finished(service: Service, send: SendState): Promise<number> {
  let now = send;
  while (now.state === 'running') now = await service.call<SendState>('GET', `/v1/sends/${send.id}`);
  return now.sent;
}

/** Within which the median of such ratios lies, 95 times of 100: by resampling them with a fixed seed. */
function interval(ratios: readonly number[]): [low: number, high: number] {
  let state = 1;
  const draw = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ratios[Math.floor((state / 2 ** 32) * ratios.length)]!;
  };
  const medians = Array.from({ length: 2_000 }, () => median(ratios.map(draw)));
  return [quantile(medians, 0.025), quantile(medians, 0.975)];
}

function fixed(value: number): string {
  return value.toPrecision(3);
}
