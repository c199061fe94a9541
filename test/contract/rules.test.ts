/** Rules through HTTP, against the real process: dialogues over TCP and UDP, what is counted, changed, tried and refused. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { datagramClient, streamClient } from '../support/clients.ts';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

t.setTimeout(120_000);

const service = await startProcess(t);

async function listener(spec: object): Promise<number> {
  const { status, body } = await service.post('/v1/listeners', spec);
  if (status !== 201) throw new Error(JSON.stringify(body));
  isA(t, 'Listener', body);
  return body.address.port;
}

/** A client of datagrams: sends one and returns the answer to it; the first is answered by so many. */
async function datagrams(t: Test, port: number, first = 1) {
  const socket = await datagramClient(t);
  const answers: string[] = [];
  socket.on('message', (bytes) => answers.push(String(bytes)));
  let wanted = first;
  return async (text: string) => {
    socket.send(text, port, '127.0.0.1');
    while (answers.length < wanted) await once(socket, 'message');
    wanted = 1;
    return answers.splice(0).join(' ');
  };
}

const reply = (text: string, more = {}) => ({ reply: { text, ...more } });

t.test('a dialogue: greeting, states, captures, what no rule matched, an end', async (t) => {
  const port = await listener({
    protocol: 'tcp',
    name: 'pop',
    tcp: { framing: { type: 'line', eol: '\r\n' } },
    responder: {
      type: 'rules',
      fields: { first: { at: 0, as: 'u8' }, verb: { at: 0, as: 'ascii', size: 4 } },
      rules: [
        { on: 'connect', then: [reply('+OK ready')] },
        {
          name: 'user',
          when: { text: { regex: '^USER (?P<who>\\w+)' }, state: 'start' },
          then: [
            reply('+OK {{match.who}} {{match.1}} {{field.verb}} {{field.first}} in {{state}}', { template: true }),
            { setState: 'authed' },
          ],
        },
        {
          name: 'quit',
          when: { fields: { verb: 'QUIT' }, state: 'authed' },
          then: [reply('+OK bye'), { close: 'fin' }],
        },
      ],
      otherwise: [reply('-ERR')],
    },
  });
  const client = streamClient(t, port);
  t.equal(await client.got('+OK ready\r\n'), '+OK ready\r\n');
  client.socket.write('QUIT\r\nUSER bob\r\nQUIT\r\nUSER late\r\n');
  await client.closed;
  t.equal(await client.got(''), '+OK ready\r\n-ERR\r\n+OK bob bob USER 85 in start\r\n+OK bye\r\n');
  const { body } = await service.get('/v1/listeners/pop/messages?order=asc');
  for (const item of body.items) isA(t, 'Message', item);
  t.match(
    body.items
      .map(({ direction, text, rule, unmatched, inReplyTo }: Record<string, unknown>) => ({
        direction,
        text,
        rule,
        unmatched,
        inReplyTo,
      }))
      .slice(0, 7),
    [
      { direction: 'out', text: '+OK ready', inReplyTo: undefined },
      { direction: 'in', text: 'QUIT', rule: undefined, unmatched: true },
      { direction: 'out', text: '-ERR', inReplyTo: 2 },
      { direction: 'in', text: 'USER bob', rule: 'user' },
      { direction: 'out', inReplyTo: 4 },
      { direction: 'in', text: 'QUIT', rule: 'quit' },
      { direction: 'out', text: '+OK bye', inReplyTo: 6 },
    ],
  );
  const { body: byRule } = await service.get('/v1/listeners/pop/messages?rule=user');
  t.equal(byRule.items.length, 1);
  t.match((await service.get('/v1/listeners/pop')).body, { unmatched: 1 });
  const { body: status } = await service.get('/v1/listeners/pop/rules');
  isA(t, 'RuleStatus', status);
  t.match(status, {
    items: [
      { name: 'rule-1', enabled: true, hits: 1, lastHitAt: /Z$/, remaining: null },
      { name: 'user', hits: 1 },
      { name: 'quit', hits: 1 },
    ],
    unmatched: 1,
    states: {},
  });
});

for (const engine of ['mmsg', 'dgram'])
  t.test(`datagrams by peer (${engine}): times, nth, cycle, seeded draws, states`, async (t) => {
    const own = engine === 'mmsg' ? service : await startProcess(t, [], { LISTENPOST_ENGINE: 'dgram' });
    const { body } = await own.post('/v1/listeners', {
      protocol: 'udp',
      name: 'dice',
      responder: {
        type: 'rules',
        seed: 7,
        rules: [
          { name: 'hello', on: 'connect', then: [reply('hello')] },
          { name: 'once', when: { text: { equals: 'once' } }, times: 1, then: [reply('first')] },
          { name: 'third', when: { text: { equals: 'nth' }, nth: 3 }, then: [reply('third')] },
          {
            name: 'turns',
            when: { text: { equals: 'turn' } },
            cycle: { onEnd: 'next', steps: [{ repeat: 2, then: [reply('a')] }, { then: [reply('b')] }] },
          },
          {
            name: 'drawn',
            when: { text: { startsWith: 'draw' } },
            choose: [{ then: [reply('heads')] }, { weight: 3, then: [reply('tails')] }],
          },
          {
            name: 'count',
            when: { text: { equals: 'state' }, state: 'start' },
            then: [{ setState: 'seen' }, reply('start')],
          },
          { name: 'size', when: { size: { min: 20 } }, then: [{ delay: '1ms' }, reply('long')] },
        ],
        otherwise: [reply('otherwise')],
      },
    });
    const { port } = body.address;
    const ask = await datagrams(t, port, 2);
    t.equal(await ask('first'), 'hello otherwise', 'the first message of a peer is its connect');
    const answers: string[] = [];
    for (const text of ['once', 'once', 'nth', 'nth', 'nth', 'turn', 'turn', 'turn', 'turn', 'state', 'state']) {
      answers.push(await ask(text));
    }
    t.same(answers.join(' '), 'first otherwise otherwise otherwise third a a b otherwise start otherwise');
    t.equal(await ask('x'.repeat(20)), 'long');
    const other = await datagrams(t, port, 2);
    t.equal(await other('once'), 'hello otherwise', 'used up for all');
    t.equal(await other('state'), 'start', 'a peer has a state of its own');
    const { body: status } = await own.get('/v1/listeners/dice/rules');
    t.match(
      status.items.find(({ name }: { name: string }) => name === 'once'),
      { hits: 1, remaining: 0 },
    );
    t.match(status.states, { seen: 2 });
  });

t.test('draws repeat with the seed', async (t) => {
  const drawn = async (name: string, seed: number) => {
    const choose = [{ then: [reply('0')] }, { then: [reply('1')] }];
    const port = await listener({ protocol: 'udp', name, responder: { type: 'rules', seed, rules: [{ choose }] } });
    const ask = await datagrams(t, port);
    let all = '';
    for (let i = 0; i < 40; i++) all += await ask('x');
    return all;
  };
  const first = await drawn('draw-1', 1);
  t.equal(await drawn('draw-2', 1), first);
  t.not(await drawn('draw-3', 2), first);
  t.match(first, /0.*1|1.*0/);
  const { body } = await service.post('/v1/listeners', { protocol: 'udp', responder: { type: 'rules', rules: [] } });
  t.type(body.responder.seed, 'number', 'one that is not given is drawn and shown');
  const unseeded = { protocol: 'udp', responder: { type: 'rules', rules: [] } };
  const { body: made } = await service.put('/v1/listeners/unseeded', unseeded);
  const again = await service.put('/v1/listeners/unseeded', unseeded);
  t.match(again, { status: 200, body: { responder: made.responder } }, 'and is no difference');
  const rules = [{ then: [reply('x')] }];
  const { body: patched } = await service.patch('/v1/listeners/unseeded', { responder: { type: 'rules', rules } });
  t.equal(patched.responder.seed, made.responder.seed);
});

/** So many requests over connections that are there at the same time; what was answered, by answer. */
async function flood(t: Test, port: number, connections: number, each: number): Promise<Record<string, number>> {
  const answers: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(port, '127.0.0.1').setNoDelay();
      t.teardown(() => socket.destroy());
      let left = each;
      let rest = '';
      socket.on('data', (bytes) => {
        const lines = (rest + bytes).split('\n');
        rest = lines.pop()!;
        for (const line of lines) answers[line] = (answers[line] ?? 0) + 1;
        left -= lines.length;
        if (left <= 0) socket.end();
      });
      socket.write('go\n'.repeat(each));
      await once(socket, 'close');
    }),
  );
  return answers;
}

t.test('over four threads: times are exact, and two rules that toggle one state share to the message', async (t) => {
  const tcp = { framing: { type: 'line' } };
  const times = {
    type: 'rules',
    rules: [{ name: 'some', times: 1000, then: [reply('some')] }],
    otherwise: [reply('none')],
  };
  const limited = await listener({
    protocol: 'tcp',
    name: 'limited',
    threads: 4,
    pool: 'dedicated',
    tcp,
    responder: times,
  });
  t.same(await flood(t, limited, 16, 250), { some: 1000, none: 3000 });
  const rules = [
    { name: 'tick', when: { state: 'a' }, then: [{ setState: 'b' }, reply('tick')] },
    { name: 'tock', when: { state: 'b' }, then: [{ setState: 'a' }, reply('tock')] },
  ];
  const responder = { type: 'rules', state: { scope: 'listener', initial: 'a' }, rules };
  const clock = await listener({ protocol: 'tcp', name: 'clock', threads: 4, pool: 'dedicated', tcp, responder });
  t.same(await flood(t, clock, 16, 1000), { tick: 8000, tock: 8000 });
  t.match((await service.get('/v1/listeners/clock/rules')).body, {
    items: [{ hits: 8000 }, { hits: 8000 }],
    unmatched: 0,
    states: { a: 1 },
  });
});

t.test('a list is changed in one step; what stays the same goes on counting', async (t) => {
  const rule = (name: string, text: string, more = {}) => ({
    name,
    when: { text: { startsWith: name } },
    then: [reply(text)],
    ...more,
  });
  const port = await listener({ protocol: 'udp', name: 'live', responder: { type: 'echo' } });
  const ask = await datagrams(t, port);
  t.equal(await ask('a'), 'a');
  t.equal((await service.put('/v1/listeners/live/rules', { rules: [rule('a', '1'), rule('b', '1')] })).status, 200);
  t.equal(await ask('a'), '1');
  t.equal(await ask('b'), '1');
  const { body: changed } = await service.put('/v1/listeners/live/rules', { rules: [rule('b', '2'), rule('a', '1')] });
  t.match(changed.items, [
    { name: 'b', hits: 0 },
    { name: 'a', hits: 1 },
  ]);
  t.equal(await ask('b'), '2');
  const { body: off } = await service.patch('/v1/listeners/live/rules/b', { enabled: false });
  t.match(off.items, [
    { name: 'b', enabled: false, hits: 1 },
    { name: 'a', hits: 1 },
  ]);
  await service.patch('/v1/listeners/live/rules/a', { then: [reply('3')] });
  t.equal(await ask('a'), '3');
  t.match(await service.patch('/v1/listeners/live/rules/c', { enabled: false }), { status: 404 });
  t.match(await service.get('/v1/listeners/pop/rules/a'), { status: 405 });
  await service.post('/v1/listeners', { protocol: 'udp', name: 'plain' });
  t.match(await service.get('/v1/listeners/plain/rules'), { status: 404, body: { detail: /no rules/ } });
});

t.test('300 changes under traffic: no datagram is lost, none is judged by half of each', async (t) => {
  const list = (tag: string) => ({
    rules: [{ name: 'a', when: { text: { equals: 'a' } }, then: [reply(`a${tag}`), reply(`b${tag}`)] }],
  });
  const port = await listener({
    protocol: 'udp',
    name: 'swap',
    capture: { maxMessages: 100_000 },
    responder: { type: 'rules', ...list('0') },
  });
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  let sent = 0;
  let going = true;
  const sending = (async () => {
    while (going) {
      for (let i = 0; i < 20; i++) socket.send('a', port, '127.0.0.1');
      sent += 20;
      await new Promise(setImmediate);
    }
  })();
  for (let i = 0; i < 300; i++) await service.put('/v1/listeners/swap/rules', list(`${i % 2}`));
  going = false;
  await sending;
  const { body } = await service.until(
    '/v1/listeners/swap',
    ({ body }) => body.stats.captured + body.stats.dropped.kernel >= sent,
  );
  t.equal(body.stats.received, body.stats.captured);
  const { body: page } = await service.get('/v1/listeners/swap/messages?limit=1000&payload=text&order=desc');
  const answers = new Map<number, string>();
  for (const { inReplyTo, text } of page.items)
    if (inReplyTo) answers.set(inReplyTo, (answers.get(inReplyTo) ?? '') + text);
  const whole = [...answers.values()].filter((text) => text.length === 4);
  t.ok(whole.length > 100);
  t.ok(
    whole.every((text) => text[1] === text[3]),
    'both answers are of one list',
  );
});

t.test('SMTP: the framing changes for the data, and back', async (t) => {
  const port = await listener({
    protocol: 'tcp',
    name: 'smtp',
    tcp: { framing: { type: 'line', eol: '\r\n' } },
    responder: {
      type: 'rules',
      rules: [
        { on: 'connect', then: [reply('220 test')] },
        {
          when: { text: { equals: 'DATA', ignoreCase: true } },
          then: [reply('354 go on'), { setFraming: { type: 'delimiter', text: '\r\n.\r\n' } }, { setState: 'data' }],
        },
        {
          name: 'mail',
          when: { state: 'data' },
          then: [
            { setFraming: { type: 'line', eol: '\r\n' } },
            reply('250 taken {{size}}', { template: true }),
            { setState: 'start' },
          ],
        },
        { when: { text: { equals: 'QUIT' } }, then: [reply('221 bye'), { close: 'fin' }] },
      ],
      otherwise: [reply('250 ok')],
    },
  });
  const client = streamClient(t, port);
  client.socket.write('EHLO me\r\nMAIL FROM:<a>\r\ndata\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n');
  await client.closed;
  t.equal(await client.got(''), '220 test\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 taken 18\r\n221 bye\r\n');
  const { body } = await service.get('/v1/listeners/smtp/messages?rule=mail');
  t.match(body.items, [{ text: 'Subject: x\r\n\r\nbody' }]);
});

t.test('other endings: half-close, pauses, the end of the peer', async (t) => {
  const port = await listener({
    protocol: 'tcp',
    name: 'ends',
    tcp: { framing: { type: 'line' } },
    responder: {
      type: 'rules',
      rules: [
        { when: { text: { equals: 'half' } }, then: [reply('ours'), { halfClose: true }] },
        { when: { text: { equals: 'rst' } }, then: [{ close: 'rst' }] },
        {
          when: { text: { equals: 'slow' } },
          then: [{ pauseReading: '20ms' }, { delay: { base: '5ms', jitter: '2ms' } }, reply('slow')],
        },
        { on: 'halfClose', then: [reply('you are done')] },
      ],
    },
  });
  const half = streamClient(t, port);
  half.socket.write('half\n');
  t.equal(await half.got('ours\n'), 'ours\n');
  await once(half.socket, 'end');
  const slow = streamClient(t, port);
  slow.socket.write('slow\n');
  slow.socket.end();
  await slow.closed;
  t.equal(await slow.got(''), 'slow\nyou are done\n');
  const rst = streamClient(t, port);
  rst.socket.write('rst\n');
  await rst.closed;
  const { body } = await service.get('/v1/listeners/ends/messages?kind=connection&limit=100');
  t.ok(body.items.some(({ reason, mode }: Record<string, string>) => reason === 'responder' && mode === 'rst'));
});

t.test('a trial says which rule, why not the others, and what would be done', async (t) => {
  const { status, body } = await service.post('/v1/listeners/pop/rules/test', {
    messages: [{ text: 'QUIT' }, { text: 'USER bob' }, { hex: '51 55 49 54' }],
  });
  t.equal(status, 200);
  isA(t, 'RuleTestResult', body);
  t.match(body.items, [
    {
      rule: null,
      others: [
        { rule: 'user', why: 'text does not match /^USER (?P<who>\\w+)/' },
        { rule: 'quit', why: 'the state is start, it wants authed' },
      ],
      actions: [{ do: 'send', text: '-ERR' }],
      state: 'start',
    },
    { rule: 'user', actions: [{ do: 'send', text: '+OK bob bob USER 85 in start' }], state: 'authed' },
    {
      rule: 'quit',
      others: [{ rule: 'user' }],
      actions: [
        { do: 'send', text: '+OK bye' },
        { do: 'close', mode: 'fin' },
      ],
      state: 'authed',
    },
  ]);
  const { body: other } = await service.post('/v1/listeners/pop/rules/test', {
    messages: [{ text: 'x' }],
    state: 'there',
    responder: {
      type: 'rules',
      rules: [{ when: { state: 'there', remote: '10.0.0.1' }, then: [{ delay: 10 }, { setState: 'there' }] }],
    },
    remote: '10.0.0.1:5',
  });
  t.match(other.items, [{ rule: 'rule-1', actions: [{ do: 'delay', ms: 10 }], state: 'there' }]);
  const { body: counted } = await service.post('/v1/listeners/pop/rules/test', {
    messages: [{ text: 'a' }, { text: 'b' }],
    responder: {
      type: 'rules',
      rules: [
        { when: { nth: 3 }, then: [] },
        { times: 1, then: [] },
        { when: { nth: [1] }, times: 9, cycle: { onEnd: 'next', steps: [{ then: [] }] } },
        { then: [] },
      ],
    },
  });
  t.same(
    counted.items.map(({ others }: { others: { why: string }[] }) => others.map(({ why }) => why)),
    [['it is not the turn of its nth'], ['it is not the turn of its nth', 'its times (1) are used up']],
  );
  t.match((await service.get('/v1/listeners/pop/rules')).body.items[1], { hits: 1 }, 'nothing was counted');
});

t.test('each mistake is a 400 that points at it', async (t) => {
  const refused = async (pointer: string, responder: object, protocol = 'tcp') => {
    const { status, body } = await service.post('/v1/listeners', {
      protocol,
      responder: { type: 'rules', ...responder },
    });
    t.match({ status, pointer: body.errors?.[0]?.pointer }, { status: 400, pointer }, JSON.stringify(responder));
  };
  const one = (rule: object) => ({ rules: [{ then: [] }, rule] });
  await refused('/responder/rules', {});
  await refused('/responder/rules/1', one({}));
  await refused('/responder/rules/1', one({ then: [], cycle: { steps: [{ then: [] }] } }));
  await refused('/responder/rules/1/name', one({ name: 'rule-1', then: [] }));
  await refused('/responder/rules/1/name', one({ name: 'test', then: [] }));
  await refused('/responder/rules/1/when/text/regex', one({ when: { text: { regex: '(' } }, then: [] }));
  await refused('/responder/rules/1/when/hex/regex', one({ when: { hex: { regex: '(' } }, then: [] }));
  await refused('/responder/rules/1/when/state', one({ when: { state: 'never' }, then: [] }));
  await refused('/responder/rules/1/when/fields/x', one({ when: { fields: { x: 1 } }, then: [] }));
  await refused('/responder/rules/1/when/all/0/state', one({ when: { all: [{ state: 'start' }] }, then: [] }));
  await refused('/responder/fields/x/size', { fields: { x: { at: 0, as: 'ascii' } }, rules: [] });
  await refused('/responder/fields/x/as', { fields: { x: { at: 0, as: 'u7' } }, rules: [] });
  await refused('/responder/fields/x/mask', { fields: { x: { at: 0, as: 'i8', mask: 1 } }, rules: [] });
  await refused('/responder/rules/1/then/0/reply/hex', one({ then: [{ reply: { hex: '6' } }] }));
  await refused('/responder/rules/1/then/0/reply/text', one({ then: [{ reply: {} }] }));
  await refused('/responder/rules/1/then/0/reply/text', one({ then: [reply('{{match.1}}', { template: true })] }));
  await refused('/responder/rules/1/then/0/reply/text', one({ then: [reply('{{field.x}}', { template: true })] }));
  await refused('/responder/rules/1/then/0', one({ then: [{ reply: { text: 'a' }, close: 'fin' }] }));
  await refused('/responder/rules/1/then/0/fly', one({ then: [{ fly: true }] }));
  await refused('/responder/rules/1/then/1', one({ then: [{ close: 'fin' }, reply('late')] }));
  await refused('/responder/rules/1/then/1', one({ then: [{ halfClose: true }, reply('late')] }));
  await refused('/responder/rules/1/then/0/delay', one({ then: [{ delay: 'soon' }] }));
  await refused('/responder/rules/1/then/0/setFraming/text', one({ then: [{ setFraming: { type: 'delimiter' } }] }));
  await refused('/responder/rules/1/choose', one({ choose: [{ weight: 0, then: [] }] }));
  await refused('/responder/rules/1/then/0/close', one({ then: [{ close: 'fin' }] }), 'udp');
  await refused('/responder/rules/1/on', one({ on: 'halfClose', then: [] }), 'udp');
  await refused('/responder/state/scope', { state: { scope: 'connection' }, rules: [] }, 'udp');
  await refused('/responder/rules/1/times', one({ times: 0, then: [] }));
  await refused('/responder/otherwise/0/reply/base64', { rules: [], otherwise: [{ reply: { base64: '!' } }] });
  t.match(await service.post('/v1/listeners/pop/rules/test', { messages: [{ hex: '6' }] }), {
    status: 400,
    body: { errors: [{ pointer: '/messages/0/hex' }] },
  });
  t.match(await service.put('/v1/listeners/pop/rules', { rules: [{ when: { state: 'no' }, then: [] }] }), {
    status: 400,
    body: { errors: [{ pointer: /when\/state$/ }] },
  });
});

t.test('JSON in rules leaves, compares and is shown as it was written, over a restart and by a file', async (t) => {
  const data = temporaryDirectory(t);
  const own = await startProcess(t, ['--data', data]);
  const body = `{"protocol": "udp", "name": "exact", "responder": {"type": "rules", "fields": {"jsonText": {"at": 0, "as": "u8"}}, "rules": [{
    "when": {"any": [{"json": {"pointer": "/n", "equals": 12345678901234567890}}], "fields": {"jsonText": {"min": 1}}},
    "then": [{"reply": {"json": {"big": 12345678901234567890, "price": 1.10}}}]}]}}`;
  const created = await fetch(new URL('/v1/listeners', own.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const shown = await created.text();
  t.equal(created.status, 201, shown);
  t.match(shown, /"equals":12345678901234567890/);
  t.match(shown, /"price":1\.10/);
  const put = await fetch(new URL('/v1/listeners/exact', own.url), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: shown,
  });
  t.equal(put.status, 200, 'what was read back is the same');
  const asks = async (process: typeof own) => {
    const send = { protocol: 'udp', to: { listener: 'exact' }, text: '{"n": 12345678901234567890}', expectReply: {} };
    return (await process.post('/v1/sends', send)).body.replies?.[0]?.text;
  };
  t.equal(await asks(own), '{"big":12345678901234567890,"price":1.10}');
  const exported = (await own.get('/v1/export')).body;
  await own.stop();
  const again = await startProcess(t, ['--data', data]);
  t.equal(await asks(again), '{"big":12345678901234567890,"price":1.10}', 'after a restart');
  const file = join(temporaryDirectory(t, { 'exact.yaml': exported }), 'exact.yaml');
  const fromFile = await startProcess(t, ['--config', file]);
  t.equal(await asks(fromFile), '{"big":12345678901234567890,"price":1.10}', 'from the exported file');
});

t.test('what no rule matched is answered in the state it came in, not in that of the message before', async (t) => {
  const port = await listener({
    protocol: 'tcp',
    name: 'stale',
    tcp: { framing: { type: 'line' } },
    responder: {
      type: 'rules',
      rules: [
        {
          when: { text: { regex: '^(go)' }, state: 'start' },
          then: [{ setState: 'gone' }, reply('{{match.1}} {{state}}', { template: true })],
        },
        { when: { text: { equals: 'state' } }, then: [reply('{{state}}', { template: true })] },
      ],
      otherwise: [reply('lost')],
    },
  });
  const client = streamClient(t, port);
  client.socket.end('go\nx\nstate\n');
  await client.closed;
  t.equal(await client.got(''), 'go start\nlost\ngone\n');
  const tried = await service.post('/v1/listeners/stale/rules/test', {
    messages: [{ text: 'go' }, { text: 'x' }],
    responder: {
      type: 'rules',
      rules: [{ when: { text: { equals: 'go' } }, then: [{ setState: 'gone' }] }],
      otherwise: [reply('{{state}}', { template: true })],
    },
  });
  t.match(tried.body.items[1], { actions: [{ text: 'gone' }] });
});

t.test('a 400 to a change of rules points into the body of that change', async (t) => {
  await listener({
    protocol: 'udp',
    name: 'changes',
    responder: {
      type: 'rules',
      fields: { f: { at: 0, as: 'u8' } },
      rules: [
        { name: 'a', then: [{ setState: 's' }] },
        { name: 'b', when: { state: 's', fields: { f: 1 } }, then: [] },
      ],
    },
  });
  const pointers = async (method: 'put' | 'patch', path: string, body: object) => {
    const answer = await service[method](`/v1/listeners/changes/rules${path}`, body);
    return [answer.status, answer.body.errors?.[0]?.pointer];
  };
  const bad = { then: [{ reply: { hex: '6' } }] };
  t.same(await pointers('put', '', { rules: [bad] }), [400, '/rules/0/then/0/reply/hex']);
  t.same(await pointers('put', '', { rules: [], otherwise: [{ close: 'fin' }] }), [400, '/otherwise/0/close']);
  t.same(await pointers('put', '', { rules: [{ when: { fields: { g: 1 } }, then: [] }] }), [
    400,
    '/rules/0/when/fields/g',
  ]);
  t.same(await pointers('patch', '/b', bad), [400, '/then/0/reply/hex']);
  t.same(
    await pointers('patch', '/a', { name: 'b' }),
    [400, '/responder/rules/1/name'],
    'what lies elsewhere is named from the listener',
  );
  t.same(await pointers('patch', '/b', { name: 'a' }), [400, '/name']);
  t.same(await pointers('patch', '/b', { then: [], choose: [{ then: [] }] }), [400, '']);
  t.same(await pointers('patch', '/a', { then: [] }), [400, '/responder/rules/1/when/state']);
});
