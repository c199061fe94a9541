/** Peers that hang up before they are looked at: real ones, whose connect, write and reset come in one breath. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { addressBytes } from '../../../../src/net/address.ts';
import { type Opened, Rig, until, type Wanted } from '../../workers/rig.ts';

t.setTimeout(120_000);

const ROUNDS = 500;
const run = promisify(execFile);
const skip = spawnSync('python3', ['--version']).status === 0 ? false : 'python3 is not there';

/** Connects, sends ten bytes and resets at once, so many times. */
const PEER = `
import socket, struct, sys
for i in range(int(sys.argv[2])):
    peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.sendall(b"%010d" % i)
    peer.close()
`;

async function open(t: Parameters<typeof Rig.start>[0], wanted: Wanted = {}): Promise<Opened> {
  const rig = await Rig.start(t);
  return rig.open({ ...wanted, protocol: 'tcp' });
}

/** Every connection is counted once: served or refused. */
async function settled(listener: Opened, connections: number): Promise<void> {
  const counted = () => listener.count('connectionsTotal') + listener.count('connectionsRefused');
  await until(() => counted() >= connections && listener.count('connectionsOpen') === 0, 'all of them', 20_000);
  await listener.flush();
}

async function knock(listener: Opened, rounds = ROUNDS): Promise<void> {
  await run('python3', ['-c', PEER, String(listener.address.port), String(rounds)]);
}

t.test('a peer that sends and resets at once is captured and counted', { skip }, async (t) => {
  const listener = await open(t);
  await knock(listener);
  await settled(listener, ROUNDS);
  t.equal(listener.count('connectionsTotal'), ROUNDS);
  t.equal(listener.count('requests'), ROUNDS);
  const texts = listener.incoming.map(({ text }) => text).sort();
  t.same(
    texts,
    Array.from({ length: ROUNDS }, (_, i) => String(i).padStart(10, '0')),
  );
  const phases = listener.records.filter(({ kind }) => kind === 'connection');
  t.equal(phases.filter(({ direction }) => direction === 0).length, ROUNDS, 'opened');
  t.equal(phases.filter(({ direction }) => direction === 1).length, ROUNDS, 'closed');
  t.ok(
    listener.incoming.every(({ remote }) => remote === null || remote.host === '127.0.0.1'),
    'the address, where the kernel still knew it',
  );
});

t.test('a stranger without an address passes no list, and is counted', { skip }, async (t) => {
  const deny = [{ bytes: addressBytes('127.0.0.9'), prefix: 128 }];
  const listener = await open(t, { deny });
  await knock(listener, 50);
  await settled(listener, 50);
  t.equal(listener.count('denied'), listener.count('connectionsRefused'));
  t.equal(listener.count('received'), 50);
  t.equal(listener.incoming.length + listener.count('denied'), 50);
});

t.test('an answer that a peer without an address gets goes nowhere, and nothing ends', { skip }, async (t) => {
  const responder = { type: 'reply', template: true, text: '{{remote.address}}:{{remote.port}} {{text}}' } as const;
  const listener = await open(t, { responder });
  await knock(listener, 50);
  await settled(listener, 50);
  t.equal(listener.incoming.length, 50);
  const unsent = listener.count('repliesRefused') + listener.count('repliesSuppressed');
  t.equal(listener.outgoing.length + unsent, 50, 'each answer left or is counted');
  t.ok(listener.count('repliesRefused') > 0, 'what the system refused was not recorded as sent');
  t.notOk(listener.outgoing.some(({ remote }) => remote === null));
  t.equal(listener.rig.deaths.length, 0);
});

t.test(
  'connections that waited when the listener closed are counted, those that were reset too',
  { skip },
  async (t) => {
    const listener = await open(t, { paused: true });
    await knock(listener, 20);
    await listener.flush();
    await listener.close('fin');
    t.equal(listener.count('connectionsRefused'), 20);
    t.equal(listener.count('closed'), 20);
    t.equal(listener.count('received'), 20);
    await until(() => listener.count('connectionsOpen') === 0 && listener.gaps.closed === 20, 'closed and told');
  },
);
