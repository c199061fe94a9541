/** Rules that know peers of streams, on a listener with several threads: connections of one address come to any of them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const service = await startProcess(t, ['--threads', '4']);
const PEERS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const say = (text: string) => ({ reply: { text: `${text} {{thread}}`, template: true } });

async function listener(name: string, responder: object): Promise<number> {
  const spec = { protocol: 'tcp', name, threads: 4, responder: { type: 'rules', ...responder } };
  const { status, body } = await service.post('/v1/listeners', spec);
  t.equal(status, 201, JSON.stringify(body.errors));
  return body.address.port;
}

/** What a connection of its own, from that address, is told. */
async function ask(port: number, localAddress: string): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).setEncoding('latin1');
  socket.end('x\n');
  let got = '';
  socket.on('data', (text: string) => {
    got += text;
  });
  await once(socket, 'close');
  return got.trim().split(' ');
}

t.test('a peer has one state, whichever thread it comes to', async (t) => {
  const port = await listener('door', {
    state: { scope: 'peer' },
    rules: [
      { name: 'first', when: { state: 'start' }, then: [say('welcome'), { setState: 'known' }] },
      { name: 'again', when: { state: 'known' }, then: [say('again')] },
    ],
  });
  const threads = new Set<string>();
  for (const peer of PEERS) {
    const told = await Promise.all(Array.from({ length: 40 }, () => ask(port, peer)));
    for (const [, thread] of told) threads.add(thread!);
    const words = told.map(([word]) => word).sort();
    t.same(words, [...Array(39).fill('again'), 'welcome'], peer);
  }
  t.ok(threads.size > 1, `${threads.size} threads`);
  const { body } = await service.get('/v1/listeners/door/rules');
  t.match(body, { items: [{ hits: 3 }, { hits: 117 }] });
  t.same(body.states, { known: 3 });
});

t.test('what is counted for a peer is counted over all threads, and outlives a change of other rules', async (t) => {
  const some = { name: 'some', times: 5, per: 'peer', then: [say('yes')] };
  const port = await listener('some', { rules: [some], otherwise: [say('no')] });
  const asked = async (peer: string, times: number) => {
    const told = await Promise.all(Array.from({ length: times }, () => ask(port, peer)));
    return told.filter(([word]) => word === 'yes').length;
  };
  t.same(await Promise.all(PEERS.map((peer) => asked(peer, 30))), [5, 5, 5]);
  const first = { name: 'first', when: { text: 'never' }, then: [] };
  await service.put('/v1/listeners/some/rules', { rules: [first, some], otherwise: [say('no')] });
  t.equal(await asked(PEERS[0]!, 10), 0, 'a rule that stays goes on counting');
  await service.put('/v1/listeners/some/rules', { rules: [{ ...some, times: 7 }], otherwise: [say('no')] });
  t.equal(await asked(PEERS[0]!, 10), 7, 'a changed one counts anew');
});

t.test('a peer that was silent for so long begins anew', async (t) => {
  const port = await listener('short', {
    state: { scope: 'peer', idle: '1ms' },
    rules: [{ then: [say('{{state}}'), { setState: 'known' }] }],
  });
  t.equal((await ask(port, PEERS[0]!))[0], 'start');
  t.equal((await ask(port, PEERS[0]!))[0], 'start');
});
