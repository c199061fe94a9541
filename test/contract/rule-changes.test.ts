import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { datagramClient } from '../support/clients.ts';
import { startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const service = await startProcess(t);
const reply = (text: string) => ({ reply: { text, template: true } });

async function listener(spec: object): Promise<number> {
  const { status, body } = await service.post('/v1/listeners', spec);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.address.port;
}

/** A peer of datagrams, which waits for so many answers to what it sends. */
async function peer(t: Test, port: number) {
  const socket = await datagramClient(t);
  return async (text: string, answers = 1) => {
    const got: string[] = [];
    const all = Promise.withResolvers<void>();
    const take = (bytes: Buffer) => {
      if (got.push(String(bytes)) === answers) all.resolve();
    };
    socket.on('message', take);
    socket.send(text, port, '127.0.0.1');
    await all.promise;
    socket.off('message', take);
    return got.join(' ');
  };
}

const rules = (list: object[], more = {}) => ({ type: 'rules', rules: list, ...more });

t.test('what is counted for a peer goes on with a rule that stays the same, and with no other', async (t) => {
  const once = (text: string) => ({ name: 'once', times: 1, per: 'peer', then: [reply(text)] });
  const responder = rules([once('a')], { otherwise: [reply('no')] });
  const ask = await peer(t, await listener({ protocol: 'udp', name: 'counts', responder }));
  t.same([await ask('x'), await ask('x')], ['a', 'no']);
  await service.put('/v1/listeners/counts/rules', { rules: [once('b')] });
  t.same([await ask('x'), await ask('x')], ['b', 'no'], 'another rule');
  const first = { name: 'first', when: { text: { equals: 'y' } }, then: [] };
  await service.put('/v1/listeners/counts/rules', { rules: [first, { ...once('b'), enabled: false }] });
  await service.patch('/v1/listeners/counts/rules/once', { enabled: true });
  t.equal(await ask('x'), 'no', 'the same one');
});

t.test('a new beginning and its bounds are those of the list in force; who is known goes on', async (t) => {
  const list = [
    { when: { text: { equals: 'go' } }, then: [{ setState: 'gone' }, reply('went')] },
    { then: [reply('{{state}}')] },
  ];
  const port = await listener({ protocol: 'udp', name: 'begins', responder: rules(list) });
  const known = await peer(t, port);
  t.equal(await known('go'), 'went');
  await service.put('/v1/listeners/begins/rules', { rules: list, state: { initial: 'other', max: 2 } });
  t.equal(await known('x'), 'gone');
  const others = [await peer(t, port), await peer(t, port)];
  for (const ask of others) t.equal(await ask('x'), 'other');
  t.same((await service.get('/v1/listeners/begins/rules')).body.states, { other: 2 });
  t.equal(await known('x'), 'other', 'the one that was silent longest begins anew');
});

t.test('states that something is only counted for are no states', async (t) => {
  const responder = rules([{ times: 9, per: 'peer', then: [reply('x')] }]);
  const port = await listener({ protocol: 'tcp', name: 'one', tcp: { framing: { type: 'line' } }, responder });
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write('a\n');
  await once(socket, 'data');
  t.same((await service.get('/v1/listeners/one/rules')).body.states, { start: 1 });
});

t.test('a listener that had too many states stays as it is', async (t) => {
  const responder = rules([{ name: 'a', then: [reply('a')] }]);
  const ask = await peer(t, await listener({ protocol: 'udp', name: 'many', responder }));
  const states = (tag: string) =>
    Array.from({ length: 50 }, (_, i) => ({
      then: Array.from({ length: 60 }, (_, j) => ({ setState: `${tag}-${i}-${j}` })),
    }));
  t.equal((await service.put('/v1/listeners/many/rules', { rules: states('x') })).status, 200);
  for (const _ of [1, 2]) t.equal((await service.put('/v1/listeners/many/rules', { rules: states('y') })).status, 422);
  t.match((await service.get('/v1/listeners/many')).body.responder.rules[0].then[0], { setState: 'x-0-0' });
  t.equal((await service.put('/v1/listeners/many/rules', { rules: [{ name: 'a', then: [reply('b')] }] })).status, 200);
  t.equal(await ask('x'), 'b');
});

t.test('a trial begins in any state that there is, and greets a peer as a listener does', async (t) => {
  await listener({
    protocol: 'udp',
    name: 'tried',
    responder: rules([
      {
        on: 'connect',
        when: { text: { regex: '^(h.)' } },
        then: [reply('hi {{match.1}} {{state}}'), { setState: 'met' }],
      },
      { when: { text: { regex: '(l+)' }, state: ['start', 'met'] }, then: [reply('{{match.1}} {{state}}')] },
    ]),
  });
  const trial = async (more: object) =>
    (await service.post('/v1/listeners/tried/rules/test', { messages: [{ text: 'hello' }], ...more })).body;
  t.match(await trial({}), {
    items: [{ rule: 'rule-2', actions: [{ text: 'hi he start' }, { text: 'll met' }], state: 'met' }],
  });
  t.match(await trial({ state: 'met' }), { items: [{ rule: 'rule-2', actions: [{ text: 'll met' }] }] });
  t.match(await trial({ state: 'never' }), { status: 400, errors: [{ pointer: '/state' }] });
  const ask = await peer(t, (await service.get('/v1/listeners/tried')).body.address.port);
  t.equal(await ask('hello', 2), 'hi he start ll met');
  t.equal(await ask('hello'), 'll met');
});

t.test('groups are those of the pattern that matched, whichever has more', async (t) => {
  const any = [{ text: { regex: '^a$' } }, { text: { regex: '^b(.)' } }, { hex: { regex: '^(c)(.)' } }];
  const ask = await peer(
    t,
    await listener({
      protocol: 'udp',
      responder: rules([{ when: { any }, then: [reply('[{{match.1}}{{match.2}}]')] }]),
    }),
  );
  t.same([await ask('a'), await ask('bx'), await ask('cy')], ['[]', '[x]', '[cy]']);
});

t.test('a rule on a connection may hold back what the peer says, and cut it otherwise', async (t) => {
  const say = async (name: string, first: object[]) => {
    const port = await listener({
      protocol: 'tcp',
      name,
      tcp: { framing: { type: 'line' } },
      responder: rules([{ on: 'connect', then: first }, { then: [reply('{{text}}')] }]),
    });
    const begun = performance.now();
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    socket.end('a\nb;c;');
    let got = '';
    for await (const text of socket) got += text;
    return { got, took: performance.now() - begun };
  };
  const delimiter = { setFraming: { type: 'delimiter', text: ';' } };
  t.equal((await say('cut', [{ delay: '50ms' }, delimiter])).got, 'a\nb;c;');
  const paused = await say('paused', [{ pauseReading: '200ms' }]);
  t.equal(paused.got, 'a\nb;c;\n');
  t.ok(paused.took > 190, `after ${paused.took} ms`);
});

t.test(
  'a reset right behind our FIN closes the connection, and answers leave before an error of framing ends it',
  async (t) => {
    const line = { framing: { type: 'line' } };
    const responder = rules([{ then: [{ halfClose: true }, { close: 'rst' }] }]);
    const port = await listener({ protocol: 'tcp', name: 'ends', tcp: line, responder });
    for (let i = 0; i < 5; i++) {
      const socket = connect(port, '127.0.0.1');
      t.teardown(() => socket.destroy());
      socket.on('error', () => {});
      socket.end('a\nb\n');
      socket.resume();
      await once(socket, 'close');
    }
    await service.until('/v1/listeners/ends', ({ body }) => body.stats.connectionsOpen === 0);
    t.match(
      (await service.get('/v1/listeners/ends/rules')).body.items,
      [{ hits: 5 }],
      'what follows an ending is not decided on',
    );
    t.equal((await service.delete('/v1/listeners/ends')).status, 204);

    const slow = rules([{ then: [{ delay: '50ms' }, reply('{{text}}')] }]);
    const nets = await listener({
      protocol: 'tcp',
      name: 'nets',
      tcp: { framing: { type: 'netstring' } },
      responder: slow,
    });
    const socket = connect(nets, '127.0.0.1').setEncoding('latin1');
    socket.write('3:abc,1:d,x');
    let got = '';
    for await (const text of socket) got += text;
    t.equal(got, '3:abc,1:d,');
    const problems = await service.get('/v1/listeners/nets/messages?kind=problem');
    t.match(problems.body.items, [{ code: 'framing_error' }]);
  },
);

t.test('a trial that has too much to tell is refused, and holds up nobody', async (t) => {
  await listener({ protocol: 'udp', name: 'large', responder: rules([]) });
  const tried = await service.post('/v1/listeners/large/rules/test', {
    messages: Array.from({ length: 1000 }, () => ({ text: 'a' })),
    responder: rules([{ then: Array.from({ length: 64 }, () => reply('{{repeat 1000000 text}}')) }]),
  });
  t.match(tried, { status: 422, body: { detail: /message 0 brings/ } });
  const slow = Array.from({ length: 100 }, (_, i) => ({ when: { text: { regex: `^(\\w+\\s+)*END${i}$` } }, then: [] }));
  const messages = Array.from({ length: 100 }, () => ({ text: 'ab '.repeat(300) }));
  const trial = service.post('/v1/listeners/large/rules/test', { messages, responder: rules(slow) });
  let beside = 0;
  for (let isDone = false; !isDone; beside++) {
    isDone = await Promise.race([trial.then(() => true), service.get('/livez').then(() => false)]);
  }
  t.equal((await trial).body.items.length, 100);
  t.ok(beside > 3, `${beside} requests were answered meanwhile`);
});

t.test('draws are those of the listener: no two peers are told the same for being first', async (t) => {
  const heads = { name: 'heads', per: 'peer', times: 5, choose: [{ then: [reply('0')] }, { then: [reply('1')] }] };
  const port = await listener({ protocol: 'udp', name: 'draws', responder: rules([heads], { seed: 7 }) });
  const firsts: string[] = [];
  for (let i = 0; i < 12; i++) firsts.push(await (await peer(t, port))('x'));
  t.ok(firsts.includes('0') && firsts.includes('1'), firsts.join(''));
});

t.test('rules that come back after another responder begin anew', async (t) => {
  const responder = rules(
    [
      { name: 'once', times: 1, then: [reply('first')] },
      { when: { state: 'start' }, then: [{ setState: 'on' }, reply('start')] },
    ],
    { state: { scope: 'listener' }, otherwise: [reply('{{state}}')] },
  );
  const ask = await peer(t, await listener({ protocol: 'udp', name: 'again', responder }));
  const all = async () => [await ask('x'), await ask('x'), await ask('x')];
  t.same(await all(), ['first', 'start', 'on']);
  await service.patch('/v1/listeners/again', { responder: { type: 'echo' } });
  t.equal(await ask('x'), 'x');
  await service.patch('/v1/listeners/again', { responder });
  t.same(await all(), ['first', 'start', 'on']);
  t.match((await service.get('/v1/listeners/again/rules')).body.items, [{ hits: 1, remaining: 0 }, { hits: 1 }]);
});
