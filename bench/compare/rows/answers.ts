/** Round trips a second: who answers a closed loop fastest, over UDP and TCP. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, has, launch, launchServer, type Program, scratch, source } from '../harness/programs.ts';
import { startService } from '../harness/service.ts';
import { ping, SIZE, type Trips, tcpPing } from '../harness/udp.ts';
import { type Group, inTurn, over, type Row, type Subject } from '../report/row.ts';

const MS = 600;
const CONNECTIONS = 16;
const capture = { maxMessages: 1_000_000, maxBytes: '256MiB' };

type Peer = { what: string; program: Program; port: number };

/** A UDP echo with 1 and with 64 datagrams outstanding. */
export async function udpEcho(rounds: number): Promise<Group> {
  const service = await startService();
  const listener = await service.listen({ protocol: 'udp', responder: { type: 'echo' }, capture });
  const peers = [
    await peer('node:dgram, echo only', [process.execPath, source('dgram-peer.mjs'), 'echo']),
    { what: 'listenpost, echo and capture', program: service, port: listener.port },
    ...(has('python3')
      ? [await peer('Python socketserver, echo only', ['python3', source('socketserver_peer.py'), 'echo'])]
      : []),
  ];
  const rows = await loop(peers, rounds, [
    ['1 outstanding', (port) => ping(port, 1, MS)],
    ['64 outstanding', (port) => ping(port, 64, MS)],
  ]);
  const [plain1, plain64, ours1, ours64] = rows;
  return {
    name: 'udp-echo',
    title: 'UDP echo, closed loop',
    about: 'A C client keeps 1 or 64 datagrams of 64 bytes outstanding. Ours records each request and each answer.',
    rows,
    findings: [
      finding('UDP echo round trips/s against plain dgram, 1 outstanding', over(ours1!, plain1!), [1.5, 3]),
      finding('the same, 64 outstanding', over(ours64!, plain64!), [1.5, 3]),
    ],
    notes: [],
  };
}

/** TCP request and reply with capture. */
export async function tcpReply(rounds: number, online: boolean): Promise<Group> {
  const service = await startService();
  const listener = await service.listen({ protocol: 'tcp', responder: { type: 'echo' }, capture });
  const mountebank = await startMountebank(online);
  const peers = [
    await peer('node:net, answers only', [process.execPath, source('net-peer.mjs')]),
    { what: 'listenpost, answers and captures', program: service, port: listener.port },
    ...(mountebank === null ? [] : [mountebank]),
    ...(has('python3')
      ? [await peer('Python ThreadingTCPServer, answers only', ['python3', source('threading_tcp_peer.py')])]
      : []),
  ];
  const rows = await loop(peers, rounds, [[`${CONNECTIONS} connections`, (port) => tcpPing(port, CONNECTIONS, MS)]]);
  const [plain, ours, theirs] = rows;
  return {
    name: 'tcp-reply',
    title: 'TCP request and reply',
    about: `A C client with ${CONNECTIONS} connections, one request of ${SIZE} bytes outstanding on each, an answer of the same length.`,
    rows,
    findings: [
      finding('TCP request/reply with capture, against plain net that answers only', over(ours!, plain!), [0.7, 0.9]),
      ...(mountebank === null
        ? []
        : [finding('the same against mountebank with recordRequests', over(ours!, theirs!), [3, 5])]),
    ],
    notes:
      mountebank === null
        ? ['mountebank could not be installed here (or --offline was given): its row is left out.']
        : [],
  };
}

function finding(what: string, ratios: number[], [least, aim]: [number, number]) {
  return { what, ratios, better: 'higher' as const, least, aim };
}

type Way = [name: string, run: (port: number) => Promise<Trips>];

/** Every peer in every way, once unrecorded to warm up; stops the peers. Rows come peer by peer. */
async function loop(peers: Peer[], rounds: number, ways: Way[]): Promise<Row[]> {
  const subjects = peers.flatMap((one) => ways.map((way) => subject(one, way)));
  for (const { measure } of subjects) await measure();
  const rows = await inTurn(subjects, rounds);
  for (const { program } of peers) await program.stop();
  return rows;
}

function subject({ what, program, port }: Peer, [name, run]: Way): Subject {
  return {
    what: `${what}, ${name}`,
    unit: 'round trips/s',
    async measure() {
      const before = program.cpuUs();
      const { trips, ms, lost } = await run(port);
      return { value: trips / (ms / 1e3), cpuUs: (program.cpuUs() - before) / trips, lost: lost / (trips + lost) };
    },
  };
}

async function peer(what: string, command: string[]): Promise<Peer> {
  const program = await launchServer(command);
  return { what, program, port: program.port };
}

/** mountebank with one TCP imposter that records; null where it can't be had. */
async function startMountebank(online: boolean): Promise<Peer | null> {
  if (!online) return null;
  const where = join(scratch, 'mountebank');
  try {
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--prefix', where, 'mountebank@2.9.1'], {
      timeout: 60_000,
    });
    const [admin, port] = [await freePort(), await freePort()];
    const program = launch([
      process.execPath,
      join(where, 'node_modules/mountebank/bin/mb'),
      'start',
      '--port',
      `${admin}`,
      '--host',
      '127.0.0.1',
      '--loglevel',
      'warn',
      '--nologfile',
      '--pidfile',
      join(where, 'pid'),
    ]);
    const data = `${'p'.repeat(SIZE - 1)}\n`;
    const body = JSON.stringify({
      protocol: 'tcp',
      mode: 'text',
      port,
      recordRequests: true,
      stubs: [{ responses: [{ is: { data } }] }],
    });
    const answered = await retried(() =>
      fetch(`http://127.0.0.1:${admin}/imposters`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }),
    );
    if (!answered.ok) throw new Error(await answered.text());
    return { what: 'mountebank, recordRequests', program, port };
  } catch (error) {
    console.error(`mountebank is left out: ${(error as Error).message}`);
    return null;
  }
}

async function retried<T>(what: () => Promise<T>, tries = 50): Promise<T> {
  for (let left = tries; ; left--) {
    try {
      return await what();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
