/** One message to many event streams. */
import { Agent, get } from 'node:http';
import { launchServer, type Program, source } from '../harness/programs.ts';
import { startService } from '../harness/service.ts';
import { flood } from '../harness/udp.ts';
import { type Group, inTurn, over, type Sample, type Subject } from '../report/row.ts';

const CLIENTS = 100;
const MESSAGES = 2000;
const RATE = 2000;
/** Milliseconds until a stream that has not ended is given up. */
const STREAM_TIMEOUT_MS = 10_000;

/** A server of event streams, and the UDP port whose datagrams they show. */
type Source = { program: Program; url: string; port: number };

export async function fanOut(rounds: number): Promise<Group> {
  const service = await startService();
  const { id, port } = await service.listen({ protocol: 'udp' });
  const ours = { program: service, url: `${service.url}/v1/listeners/${id}/stream`, port };
  const plain = await launchServer([process.execPath, source('sse-peer.mjs')]);
  const theirs = { program: plain, url: `http://127.0.0.1:${plain.port}/`, port: plain.port };
  const rows = await inTurn(
    [
      subject('listenpost, 1 stream', ours, 1),
      subject(`listenpost, ${CLIENTS} streams`, ours, CLIENTS),
      subject(`dgram and node:http, ${CLIENTS} streams`, theirs, CLIENTS),
    ],
    rounds,
  );
  await Promise.all([service.stop(), plain.stop()]);
  const [one, many, peer] = rows;
  const cpu = (base: typeof one) => over(many!, base!, 'cpuUs');
  return {
    name: 'streams',
    title: 'Event streams',
    about: `${MESSAGES.toLocaleString('en')} datagrams at ${RATE.toLocaleString('en')} a second, followed by 1 and by ${CLIENTS} clients. CPU is of the whole process, capture included, over the messages delivered.`,
    rows,
    findings: [
      { what: `CPU a delivery, ${CLIENTS} streams against 1`, ratios: cpu(one), better: 'lower', least: 1, aim: 0.1 },
      { what: `the same against plain dgram and node:http`, ratios: cpu(peer), better: 'lower', least: 1, aim: 0.5 },
    ],
    notes: ['Lost: messages of streams that had not got all of them after ten seconds.'],
  };
}

function subject(what: string, source: Source, clients: number): Subject {
  return { what, unit: 'deliveries/s', measure: () => follow(source, clients) };
}

/** All clients follow first, then the datagrams come. */
async function follow({ program, url, port }: Source, clients: number): Promise<Sample> {
  const agent = new Agent({ maxSockets: clients });
  const open = await Promise.all(Array.from({ length: clients }, () => stream(`${url}?limit=${MESSAGES}`, agent)));
  const before = program.cpuUs();
  const begun = performance.now();
  await flood(port, MESSAGES, RATE);
  const complete = (await Promise.all(open.map(({ ended }) => ended))).filter(Boolean).length;
  const seconds = (performance.now() - begun) / 1e3;
  agent.destroy();
  const delivered = complete * MESSAGES;
  return {
    value: delivered / seconds,
    cpuUs: (program.cpuUs() - before) / delivered,
    lost: 1 - complete / clients,
  };
}

/** A stream that has begun; `ended` answers whether it came to its limit. */
async function stream(url: string, agent: Agent): Promise<{ ended: Promise<boolean> }> {
  const { promise: begun, resolve: begin, reject } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<boolean>();
  const request = get(url, { agent }, (response) => {
    let last = '';
    response.setEncoding('latin1').on('data', (text: string) => {
      begin();
      last = text;
    });
    response.once('end', () => end(last.includes('"limit"')));
    response.once('error', () => end(false));
  }).once('error', reject);
  setTimeout(() => request.destroy(), STREAM_TIMEOUT_MS).unref();
  await begun;
  return { ended };
}
