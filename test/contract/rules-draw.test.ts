/** What `choose` drew, on the record of the message, on every way in. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { type Service, startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(120_000);

type Seen = { text: string; rule?: string; draw?: { index: number; value: number; choice: number } };

const ANSWERS = ['heads', 'tails'];
const RESPONDER = {
  type: 'rules',
  seed: 7,
  rules: [
    { name: 'other', when: { text: { equals: 'x' } }, then: [{ reply: { text: 'x' } }] },
    {
      name: 'coin',
      when: { text: { startsWith: 'draw' } },
      choose: ANSWERS.map((text, i) => ({ weight: i + 1, then: [{ reply: { text } }] })),
    },
  ],
  otherwise: [{ reply: { text: '?' } }],
};
const ASKED = ['draw 1', 'x', 'draw 2', 'what', 'draw 3', 'draw 4'];

async function listener(on: Service, spec: object): Promise<number> {
  const { status, body } = await on.post('/v1/listeners', { responder: RESPONDER, ...spec });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.address.port;
}

/** The same draws for the same seed, and only on what was drawn for. */
async function check(t: Test, on: Service, name: string, answers: string[]): Promise<void> {
  const { body } = await on.get(`/v1/listeners/${name}/messages?direction=in&wait=10s&count=${ASKED.length}`);
  for (const item of body.items) isA(t, 'Message', item);
  const seen = body.items as Seen[];
  t.same(
    seen.map(({ text, rule }) => `${text} ${rule}`),
    ['draw 1 coin', 'x other', 'draw 2 coin', 'what undefined', 'draw 3 coin', 'draw 4 coin'],
  );
  const draws = seen.flatMap(({ draw }) => (draw === undefined ? [] : [draw]));
  t.same(
    draws.map(({ index }) => index),
    [0, 1, 2, 3],
  );
  for (const { value, choice } of draws) t.equal(choice, value < 1 / 3 ? 0 : 1);
  t.same(
    seen.map(({ draw }, i) => (draw === undefined ? answers[i] : ANSWERS[draw.choice])),
    answers,
    'it is what was said',
  );
  const { body: trial } = await on.post(`/v1/listeners/${name}/rules/test`, {
    messages: [{ text: 'draw' }, { text: 'x' }],
  });
  isA(t, 'RuleTestResult', trial);
  t.same(trial.items[0].draw, draws[0], 'a trial begins with the first');
  t.equal(trial.items[1].draw, undefined);
}

const service = await startProcess(t);

for (const engine of ['mmsg', 'dgram'])
  t.test(`datagrams (${engine})`, async (t) => {
    const own = engine === 'mmsg' ? service : await startProcess(t, [], { LISTENPOST_ENGINE: 'dgram' });
    const port = await listener(own, { protocol: 'udp', name: 'udp' });
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    t.teardown(() => socket.close());
    const answers: string[] = [];
    for (const text of ASKED) {
      socket.send(text, port, '127.0.0.1');
      answers.push(String((await once(socket, 'message'))[0]));
    }
    await check(t, own, 'udp', answers);
    const lines = await fetch(`${own.url}/v1/listeners/udp/messages.ndjson?rule=coin`);
    t.match(JSON.parse((await lines.text()).split('\n')[0]!), { draw: { index: 0 } }, 'exports have it too');
  });

t.test('streams', async (t) => {
  const port = await listener(service, { protocol: 'tcp', name: 'tcp', tcp: { framing: { type: 'line' } } });
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  t.teardown(() => socket.destroy());
  const answers: string[] = [];
  for (const text of ASKED) {
    socket.write(`${text}\n`);
    answers.push(String((await once(socket, 'data'))[0]).trim());
  }
  await check(t, service, 'tcp', answers);
});
