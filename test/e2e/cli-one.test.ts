/** `listenpost show`, `reply`, `clear` and `reset`: one listener, one message, and the way back to nothing. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { cliFor, objects, refuses } from '../support/cli.ts';
import { type Service, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

let service: Service;
t.before(async () => {
  service = await startProcess(t);
});
t.jobs = 4;

t.test('show: a listener for people and as JSON, a message as a line, as hex digits, as bytes', async (t) => {
  const { run } = cliFor(t, service);
  const labels = { suite: 'one' };
  await service.post('/v1/listeners', { protocol: 'udp', name: 'shown', labels, responder: { type: 'upper' } });
  const peer = await peerOf(t, 'shown');
  await peer.ask(Buffer.from('a\xff', 'latin1'));
  const { code, stdout } = await run(['show', 'shown']);
  t.equal(code, 0);
  t.match(
    stdout,
    /^listener +shown\nid +l_\w+\nstate +listening\naddress +udp:\/\/127\.0\.0\.1:\d+\nanswers +upper \{"strip":true\}\n/,
  );
  t.match(
    stdout,
    /\nlabels +suite:one\n.*\nreceived +1 message, 2 bytes\nsent +1 message, 2 bytes\nkept +#1 to #2, 1 unread/s,
  );
  t.notMatch(stdout, /connections|dropped|expires/);
  t.match(objects((await run(['show', 'shown', '--json'])).stdout), [{ name: 'shown', stats: { received: 1 } }]);
  t.match((await run(['show', 'shown', '1'])).stdout, /^\S+ #1 in {2}127\.0\.0\.1:\d+ a\\xff\n$/);
  t.match((await run(['show', 'shown', '2', '--hex'])).stdout, /#2 out \S+ 41 ff\n$/);
  t.match(objects((await run(['show', 'shown', '1', '--json'])).stdout), [{ seq: 1, base64: 'Yf8=' }]);
  const raw = cliFor(t, service).start(['show', 'shown', '1', '--raw']);
  t.equal((await raw.ended).code, 0);
  t.same(raw.bytes, Buffer.from([0x61, 0xff]));
});

t.test('show: a TCP listener has connections; what was dropped is told', async (t) => {
  await service.post('/v1/listeners', { protocol: 'tcp', name: 'stream', ttl: '1h' });
  const { stdout } = await cliFor(t, service).run(['show', 'stream']);
  t.match(stdout, /expires +\d{4}-.*kept +none\nconnections +0 open of 0\n$/s);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'closed', deny: ['127.0.0.1'] });
  const peer = await peerOf(t, 'closed');
  peer.say('x');
  await service.until('/v1/listeners/closed', ({ body }) => body.stats.dropped.denied === 1);
  t.match((await cliFor(t, service).run(['show', 'closed'])).stdout, /dropped +1 denied\n$/);
});

t.test('reply answers the peer of a message', async (t) => {
  const { run } = cliFor(t, service);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'asked' });
  const peer = await peerOf(t, 'asked');
  peer.say('who is there?');
  await service.get('/v1/listeners/asked/messages?wait=10s');
  const first = peer.next();
  const told = await run(['reply', 'asked', '1', 'me']);
  t.match(told, { code: 0, stdout: '', stderr: new RegExp(`^sent 2 bytes to 127\\.0\\.0\\.1:${peer.port}\\n$`) });
  t.equal((await first).toString(), 'me');
  const second = peer.next();
  const json = await run(['reply', 'asked', '1', '-', '--json', '-q'], { input: Buffer.from([0, 255]) });
  t.match(objects(json.stdout), [{ bytes: 2, to: { port: peer.port } }]);
  t.same(await second, Buffer.from([0, 255]));
  t.match((await service.get('/v1/listeners/asked/messages/2')).body, { direction: 'out', text: 'me' });
});

t.test('clear forgets messages, all or the older ones', async (t) => {
  const { run } = cliFor(t, service);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'cleared' });
  const peer = await peerOf(t, 'cleared');
  for (const text of ['1', '2', '3']) peer.say(text);
  await service.get('/v1/listeners/cleared/messages?wait=10s&count=3');
  t.match(await run(['clear', 'cleared', '--before', '3']), {
    code: 0,
    stdout: '',
    stderr: 'cleared 2 messages of cleared\n',
  });
  t.match(objects((await run(['clear', 'cleared', '--json', '-q'])).stdout), [{ cleared: 1 }]);
  t.match((await service.get('/v1/listeners/cleared')).body, { stats: { lastSeq: 3 }, state: 'listening' });
});

t.test('reset removes everything', async (t) => {
  const own = await startProcess(t);
  await own.post('/v1/listeners', { protocol: 'udp', name: 'a' });
  t.match(await cliFor(t, own).run(['reset']), { code: 0, stdout: '', stderr: /^removed all listeners/ });
  t.same((await own.get('/v1/listeners')).body.items, []);
});

t.test('what can not be', async (t) => {
  await service.post('/v1/listeners', { protocol: 'udp', name: 'refusing' });
  await refuses(t, service, [
    [['show', 'nobody'], 1, /no listener nobody/],
    [['show', 'refusing', '7'], 1, /no message 7/],
    [['show', 'refusing', 'x'], 2, /whole number from 1 on/],
    [['show', 'refusing', '--raw'], 2, /are for a message: give SEQ/],
    [['show', 'refusing', '1', '--raw', '--hex'], 2, /cannot be used/],
    [['reply', 'refusing', '7', 'x'], 1, /no message 7/],
    [['reply', 'refusing', '1'], 2, /give one payload/],
    [['clear', 'nobody'], 1, /no listener nobody/],
    [['clear', 'refusing', '--before', '0'], 2, /from 1 on/],
  ]);
});

/** A socket that talks to a listener. */
async function peerOf(t: Test, name: string) {
  const { address } = (await service.get(`/v1/listeners/${name}`)).body;
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  const say = (payload: string | Uint8Array) => socket.send(payload, address.port, '127.0.0.1');
  const next = async () => (await once(socket, 'message'))[0] as Buffer;
  const ask = async (payload: Uint8Array) => {
    const answer = next();
    say(payload);
    return answer;
  };
  return { port: socket.address().port, say, next, ask };
}

t.test('rules: what they counted, and what they would do', async (t) => {
  const { run } = cliFor(t, service);
  const rules = [
    {
      name: 'user',
      when: { text: { startsWith: 'USER ' } },
      then: [
        { reply: { text: '+OK' } },
        { delay: '5ms' },
        { reply: { hex: '01ff' } },
        { reply: { hex: '{{bytes 90}}', template: true } },
        { setState: 'in' },
      ],
    },
  ];
  await service.post('/v1/listeners', { protocol: 'udp', name: 'ruled', responder: { type: 'rules', rules } });
  const tried = await run(['rules', 'test', 'ruled', 'USER bob', 'QUIT']);
  t.equal(
    tried.stdout,
    '"USER bob": user, then state in\n  send "+OK"\n  delay 5 ms\n  send hex 01 ff\n  send nothing: bytes: the message has 8, which is not up to 8 from 90 on\n"QUIT": no rule, then state in\n  nothing\n  not user: byte 0: expected 55, was 51\n',
  );
  t.match(await run(['rules', 'test', 'ruled', '--hex', '55 53 45 52 20', 'ff']), {
    stdout:
      /^"55 53 45 52 20": user, then state in\n {2}send "\+OK"\n {2}delay 5 ms\n {2}send hex 01 ff\n {2}send nothing: .*\n"ff": no rule/,
  });
  const aside = [{ name: 'aside', then: [{ reply: { text: 'x', from: 'newPort' } }] }];
  await service.post('/v1/listeners', { protocol: 'udp', name: 'aside', responder: { type: 'rules', rules: aside } });
  t.match(await run(['rules', 'test', 'aside', 'x']), { code: 0, stdout: /^ {2}send "x" from a new port$/m });
  t.match(objects((await run(['rules', 'test', 'ruled', 'x', '--json'])).stdout), [{ rule: null, state: 'start' }]);
  t.match(await run(['rules', 'show', 'ruled']), { code: 0, stdout: /RULE +ENABLED +HITS +LEFT\nuser +yes +0 +-/ });
  t.match(await run(['rules', 'show', 'shown']), { code: /[12]/, stderr: /no rules/ });
});

t.test('presets: a list, one with its parameters, and as objects of the API', async (t) => {
  const { run } = cliFor(t, service);
  const all = await run(['presets']);
  t.match(all, { code: 0, stdout: /^NAME +FOR +DOES\ndiscard +udp tcp +Takes/ });
  t.equal(all.stdout.trim().split('\n').length, 14);
  t.notMatch((await run(['presets', '--protocol', 'udp'])).stdout, /smtpSink/);
  t.match((await run(['presets', 'smtpSink'])).stdout, /For tcp\.\nPARAMETER.*hostname +.* "listenpost\.test"\n/s);
  t.match((await run(['presets', 'discard'])).stdout, /no parameters/);
  t.match(objects((await run(['presets', 'ntp', '--json'])).stdout), [{ name: 'ntp', responder: { type: 'rules' } }]);
  await refuses(t, service, [
    [['presets', 'nope'], 2, /Allowed choices are discard/],
    [['presets', 'ntp', '--protocol', 'tcp'], 2, /ntp is not for tcp/],
  ]);
});
