/** Templates through HTTP, against the real process: binary answers over a socket, what is refused, what can't be filled in. */
import t from 'tap';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(120_000);

const service = await startProcess(t);

const modbus = {
  type: 'rules',
  fields: { tid: { at: 0, as: 'u16be' }, unit: { at: 6, as: 'u8' }, count: { at: 10, as: 'u16be' } },
  rules: [
    {
      when: { hex: { regex: '^..\\x00\\x00(?P<length>..)(?:.\\x03)' } },
      then: [
        {
          reply: {
            template: true,
            hex: '{{field.tid}} 0000 {{len16be}} {{field.unit}} 03 {{len8}} {{repeat field.count u16be 7}}',
          },
        },
      ],
    },
  ],
};

async function ask(to: string, hex: string, reply = true) {
  const expectReply = reply ? { expectReply: { timeout: '10s' } } : {};
  const { body } = await service.post('/v1/sends', { protocol: 'udp', to: { listener: to }, hex, ...expectReply });
  return body;
}

t.test('an answer in hex takes its numbers from the request; one it does not fit is a problem record', async (t) => {
  const { status, body } = await service.post('/v1/listeners', { protocol: 'udp', name: 'plc', responder: modbus });
  t.equal(status, 201, JSON.stringify(body));
  isA(t, 'Listener', body);
  t.equal(body.responder.rules[0].then[0].reply.hex, modbus.rules[0]!.then[0]!.reply.hex, 'shown as it was written');
  const { replies } = await ask('plc', '0102 0000 0006 11 03 006b 0003');
  t.equal(Buffer.from(replies[0].base64, 'base64').toString('hex'), '010200000009' + '110306000700070007');
  await ask('plc', '0102 0000 0006 11 03', false);
  const read = await service.get('/v1/listeners/plc/messages?kind=problem&wait=10s');
  t.match(read.body.items, [
    { kind: 'problem', code: 'template_error', detail: /field\.count: the message ends before it/ },
  ]);
  t.equal((await service.get('/v1/listeners/plc')).body.stats.repliesSuppressed, 1);
});

t.test('a trial says what can not be filled in', async (t) => {
  const messages = [{ hex: '0102 0000 0006 11 03 006b 0001' }, { hex: '0102 0000 0006 11 03' }];
  const { status, body } = await service.post('/v1/listeners/plc/rules/test', { messages });
  t.equal(status, 200, JSON.stringify(body));
  t.match(body.items, [
    { actions: [{ do: 'send', size: 11 }] },
    { actions: [{ do: 'send', error: /field\.count: the message ends before it/ }] },
  ]);
});

t.test('JSON places over HTTP', async (t) => {
  const json = { jsonrpc: '2.0', id: '{{json /id}}', result: 'got {{text}}' };
  await service.post('/v1/listeners', {
    protocol: 'udp',
    name: 'rpc',
    responder: { type: 'reply', template: true, json },
  });
  const { body } = await service.post('/v1/sends', {
    protocol: 'udp',
    to: { listener: 'rpc' },
    text: '{"id": 1.50}',
    expectReply: {},
  });
  t.equal(body.replies[0].text, '{"jsonrpc":"2.0","id":1.50,"result":"got {\\"id\\": 1.50}"}');
});

t.test('what is wrong with a template is a 400 that points at it', async (t) => {
  const refused = async (responder: object, pointer: string) => {
    const { status, body } = await service.post('/v1/listeners', { protocol: 'udp', responder });
    t.match({ status, pointer: body.errors?.[0]?.pointer }, { status: 400, pointer }, JSON.stringify(body));
  };
  const rules = (reply: object, more = {}) => ({ type: 'rules', rules: [{ then: [{ reply }], ...more }] });
  const at = '/responder/rules/0/then/0/reply';
  await refused({ type: 'reply', template: true, hex: '{{n}}' }, '/responder/hex');
  await refused({ type: 'reply', template: true, hex: '0{{u8 n}}' }, '/responder/hex');
  await refused({ type: 'reply', template: true, json: ['{{len8}}'] }, '/responder/json');
  await refused({ type: 'reply', template: true, text: '{{state}}' }, '/responder/text');
  await refused(rules({ template: true, hex: '{{field.tid}}' }), `${at}/hex`);
  await refused(rules({ template: true, text: '{{match.2}}' }, { when: { text: { regex: '(.)' } } }), `${at}/text`);
  const twice = { all: [{ text: { regex: '(?P<a>.)' } }, { hex: { regex: '(?P<a>.)' } }] };
  await refused(rules({ text: 'x' }, { when: twice }), '/responder/rules/0/when/all/1/hex/regex');
});
