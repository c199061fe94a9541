/**
 * The sweep over a damaged file: copies of a data directory, each damaged at another place in another way. Whatever is
 * served of it must be right and whatever is missing told; nothing may fail but the start, in one line, where the first
 * page of the file is gone or it was cut off.
 */
import { createSocket } from 'node:dgram';
import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { openEvents } from '../support/fake/events.ts';
import { run, type Service, startProcess } from '../support/process.ts';

type Item = {
  seq?: number;
  kind: string;
  text?: string;
  fromSeq?: number;
  toSeq?: number;
  dropped?: number;
  afterSeq?: number;
};
/** What was there: by name, the texts by seq. */
export type Original = { data: string; texts: Map<string, Map<number, string>>; ports: Map<string, number> };
export type Figures = { copies: number; unharmed: number; gaps: number; missing: number; refused: number };

const FLAGS = ['--threads', '1', '--max-threads', '2'];
const PAGE = 8192;
const NAMES = ['echo', 'large', 'little'];
/** Datagrams a chunk, and chunks a listener. */
const BURST = 12;
const BURSTS = 12;

/** A directory with three listeners that have got something, as it is when the service ended by the signal. */
export async function makeOriginal(t: Test, data: string, signal: NodeJS.Signals): Promise<Original> {
  const service = await startProcess(t, [...FLAGS, '--data', data]);
  const texts = new Map<string, Map<number, string>>();
  const ports = new Map<string, number>();
  for (const name of NAMES) {
    const responder = { type: name === 'echo' ? 'echo' : 'none' };
    const { body } = await service.put(`/v1/listeners/${name}`, { protocol: 'udp', responder, labels: { kind: name } });
    ports.set(name, body.address.port);
    for (let burst = 0; burst < BURSTS; burst++) await sendBurst(service, name, burst);
    texts.set(name, await readOriginal(service, name));
  }
  await service.stop(signal);
  return { data, texts, ports };
}

async function sendBurst(service: Service, name: string, burst: number): Promise<void> {
  const { body } = await service.get(`/v1/listeners/${name}`);
  const socket = createSocket('udp4');
  for (let i = 0; i < BURST; i++) {
    const text = `${name} ${burst}.${i} ${'lorem ipsum '.repeat(name === 'large' ? 100 : 2)}`;
    await new Promise((resolve) => socket.send(text, body.address.port, '127.0.0.1', resolve));
  }
  socket.close();
  const wanted = body.stats.lastSeq + BURST * (name === 'echo' ? 2 : 1);
  await service.until(`/v1/listeners/${name}`, (answer) => answer.body.stats.lastSeq === wanted);
}

async function readOriginal(service: Service, name: string): Promise<Map<number, string>> {
  const { body } = await service.get(`/v1/listeners/${name}/messages?limit=1000`);
  return new Map((body.items as Item[]).map(({ seq, text }) => [seq!, text!]));
}

/** Damages one copy after the other and looks at what is served. Throws where it is not as it must be. */
export async function sweep(
  t: Test,
  original: Original,
  { copies, scratch }: { copies: number; scratch: string },
): Promise<Figures> {
  const figures: Figures = { copies, unharmed: 0, gaps: 0, missing: 0, refused: 0 };
  for (let copy = 0; copy < copies; copy++) {
    const data = join(scratch, `${copy}`);
    const what = makeCopy(original.data, data, (copy + 0.5) / copies, copy);
    try {
      await look(t, original, { data, figures, mayRefuse: what.at < PAGE || what.how === 'the end' });
      rmSync(data, { recursive: true });
    } catch (error) {
      throw new Error(`copy ${copy}, ${what.how} at ${what.at} of ${what.file}: ${(error as Error).stack}`);
    }
  }
  return figures;
}

/** Where there is a log, it is what holds everything, and is damaged. */
function makeCopy(from: string, to: string, part: number, copy: number): { file: string; at: number; how: string } {
  mkdirSync(to, { recursive: true });
  const names = ['journal.db', 'journal.db-wal'].filter((name) => existsSync(join(from, name)));
  for (const name of [...names, 'journal.db-shm'])
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  const name = names.at(-1)!;
  const file = join(to, name);
  const at = Math.floor(statSync(file).size * part);
  const how = WAYS[copy % WAYS.length]!;
  damage(file, at, how);
  return { file: name, at: name === 'journal.db' ? at : PAGE, how };
}

const WAYS = ['a bit', 'a byte', 'zeros', 'noise', 'a block', 'a bit', 'a byte', 'the end'] as const;

function damage(path: string, at: number, how: (typeof WAYS)[number]): void {
  const file = openSync(path, 'r+');
  const before = Buffer.alloc(how === 'a block' ? 4096 : how === 'a bit' || how === 'a byte' ? 1 : 64);
  readSync(file, before, 0, before.length, at);
  if (how === 'the end') ftruncateSync(file, at);
  else if (how === 'a bit') before[0]! ^= 1 << (at % 8);
  else if (how === 'a byte') before[0]! ^= 0xff;
  else if (how === 'zeros' || how === 'a block') before.fill(0);
  else for (const i of before.keys()) before[i] = (at * 31 + i * 17) % 251;
  if (how !== 'the end') writeSync(file, before, 0, before.length, at);
  closeSync(file);
}

type Look = { data: string; figures: Figures; mayRefuse: boolean };

async function look(t: Test, original: Original, { data, figures, mayRefuse }: Look): Promise<void> {
  const service = await startProcess(t, [...FLAGS, '--data', data]).catch(() => undefined);
  if (service === undefined) {
    if (!mayRefuse)
      throw new Error(
        `it does not start: ${JSON.stringify(await run(t, ['serve', ...FLAGS, '--port', '0', '--data', data]))}`,
      );
    await checkRefusal(t, data);
    figures.refused++;
    return;
  }
  const before = { ...figures };
  for (const name of original.texts.keys()) await checkListener(service, name, original, figures);
  await checkAll(service, original);
  await checkThatItGoesOn(service);
  const told = warningsOf(service);
  if (before.gaps === figures.gaps && before.missing === figures.missing) figures.unharmed++;
  else if (told.length === 0) throw new Error('nothing is told in the log');
  if (new Set(told).size !== told.length) throw new Error(`told twice: ${told.join('; ')}`);
  const { code, stderr } = await service.stop();
  if (code !== 0 || stderr !== '') throw new Error(`it ended with ${code}: ${stderr}`);
}

/** The one line in which the start refuses. */
export async function checkRefusal(t: Test, data: string): Promise<string> {
  const { code, stderr } = await run(t, ['serve', ...FLAGS, '--port', '0', '--data', data]);
  const lines = stderr.trim().split('\n');
  if (code !== 1 || lines.length !== 1 || !/^error: .*data directory /.test(lines[0]!))
    throw new Error(`refused with ${code}: ${stderr}`);
  return lines[0]!;
}

/** Everything that reads. Each message is right, and each that was there is there or told. */
async function checkListener(service: Service, name: string, original: Original, figures: Figures): Promise<void> {
  const path = `/v1/listeners/${name}`;
  const found = await service.get(path);
  if (found.status === 404) {
    figures.missing++;
    if (!warningsOf(service).some((line) => /lost|a new journal/.test(line)))
      throw new Error(`${name} is gone, and nobody says so: ${warningsOf(service)}`);
    return;
  }
  expect(found, 200);
  const texts = original.texts.get(name)!;
  const isCut = warningsOf(service).some((line) => line.includes('-wal is damaged'));
  const known = new Set<number>();
  let after = '0';
  for (let more = true; more; ) {
    const { body } = expect(await service.get(`${path}/messages?limit=50&after=${after}`), 200);
    checkItems(body.items, texts);
    if (body.gap !== undefined) note(known, body.gap, figures);
    for (const { seq } of body.items as Item[]) known.add(seq!);
    more = body.hasMore;
    after = body.next;
  }
  const unreported = [...texts.keys()].filter((seq) => !known.has(seq));
  if (unreported.length > 0 && !isCut) throw new Error(`${name}: ${unreported} are missing, and no gap says so`);
  if (unreported.length > 0) figures.missing++;
  await checkWays(service, path, texts);
}

function note(known: Set<number>, { fromSeq = 1, toSeq = 0 }: Item, figures: Figures): void {
  for (let seq = fromSeq; seq <= Math.min(toSeq, 10_000); seq++) known.add(seq);
  figures.gaps++;
}

async function checkWays(service: Service, path: string, texts: Map<number, string>): Promise<void> {
  const pages = [
    'order=desc&kind=message,gap',
    'text=.3%20',
    'wait=0ms&count=7',
    'wait=10ms&regex=^none$',
    'minSize=40&direction=in',
  ];
  for (const query of pages) checkItems(expect(await service.get(`${path}/messages?${query}`), 200).body.items, texts);
  const stream = await openEvents(`${service.url}${path}/stream?after=0&for=50ms&kind=message,gap,problem`);
  if (stream.response.statusCode !== 200 || (await stream.end())?.event !== 'end')
    throw new Error(`a stream: ${stream.raw.slice(-300)}`);
  checkItems(stream.of('message') as Item[], texts);
  const lines = expect(await service.request('GET', `${path}/messages.ndjson`, undefined, { accept: '*/*' }), 200);
  checkItems(
    (lines.body as string)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
    texts,
  );
  expect(await service.get(`${path}/messages.pcapng`), 200);
  expect(await service.post(`${path}/verifications`, { match: { text: { contains: '.5 ' } } }), 200);
  for (const seq of [1, 40, 100]) {
    const one = await service.get(`${path}/messages/${seq}`);
    if (one.status !== 404) checkItems([expect(one, 200).body], texts);
    const bytes = await service.get(`${path}/messages/${seq}/payload`);
    if (bytes.status !== 404 && expect(bytes, 200).body !== texts.get(seq))
      throw new Error(`payload of ${seq}: ${bytes.body}`);
  }
}

function checkItems(items: Item[], texts: Map<number, string>): void {
  for (const { kind, seq, text } of items) {
    if (kind === 'message' && seq! < 1_000_000 && text !== texts.get(seq!))
      throw new Error(`seq ${seq} is ${text}, and was ${texts.get(seq!)}`);
  }
}

async function checkAll(service: Service, { texts }: Original): Promise<void> {
  const { body: listeners } = expect(await service.get('/v1/listeners'), 200);
  const names = new Map((listeners.items as { id: string; name: string }[]).map(({ id, name }) => [id, name]));
  const { body } = expect(await service.get('/v1/messages?limit=1000&kind=message,gap,problem'), 200);
  for (const item of body.items as (Item & { listenerId: string })[])
    checkItems([item], texts.get(names.get(item.listenerId)!)!);
}

/** A new listener works, and so does what is there. */
async function checkThatItGoesOn(service: Service): Promise<void> {
  expect(await service.put('/v1/listeners/fresh', { protocol: 'udp' }), 201);
  expect(await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'fresh' }, text: 'on' }), 201);
  const { body } = expect(await service.get('/v1/listeners/fresh/messages?wait=10s'), 200);
  if (body.items[0]?.text !== 'on') throw new Error(`nothing new arrives: ${JSON.stringify(body)}`);
}

function expect<A extends { status: number; body: unknown }>(answer: A, status: number): A {
  if (answer.status !== status) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}

/** Lines of the log that warn, in JSON as a process writes them that has no terminal. */
function warningsOf({ child }: Service): string[] {
  const lines = child.stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  return lines
    .map((line) => JSON.parse(line) as { level: number; msg: string })
    .filter(({ level }) => level >= 40)
    .map(({ msg }) => msg);
}
