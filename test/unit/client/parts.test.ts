/** The small parts of the client: query strings, payloads, cursors, messages, durations. */
import fc from 'fast-check';
import t from 'tap';
import { Message, quoted, type RecordView } from '../../../src/client/message.ts';
import { fromBase64, fromHex, payloadInput, toBase64, toHex } from '../../../src/client/payload.ts';
import { durationText, filterText, milliseconds, queryString } from '../../../src/client/query.ts';
import { ReadingPlace } from '../../../src/client/reading.ts';

t.setTimeout(120_000);

t.test('query strings', async (t) => {
  t.equal(queryString({}), '');
  t.equal(queryString({ text: 'a b&c', minSize: 3, after: undefined, name: null }), '?text=a+b%26c&minSize=3');
  t.equal(queryString({ kind: ['message', 'gap'] }), '?kind=message%2Cgap');
  t.equal(queryString({ label: { suite: 'smoke', run: '1:2' } }), '?label=suite%3Asmoke&label=run%3A1%3A2');
  t.equal(queryString({ label: 'a:b' }), '?label=a%3Ab');
  t.equal(queryString({ label: ['a:b', 'c:d'] }), '?label=a%3Ab&label=c%3Ad');
  t.equal(queryString({ since: new Date(0) }), '?since=1970-01-01T00%3A00%3A00.000Z');
  t.equal(queryString({ hex: Uint8Array.of(0, 255) }), '?hex=00ff');
  t.equal(queryString({ regex: /a.c/ }), '?regex=a.c');
  t.equal(queryString({ regex: /a/gi }), '?regex=%28%3Fi%29a');
});

t.test('a filter in words', async (t) => {
  t.equal(
    filterText({ text: 'a"b', minSize: 3, regex: /x/i, after: undefined }),
    'text "a\\"b", minSize 3, regex (?i)x',
  );
});

t.test('durations', async (t) => {
  t.same([durationText(250), durationText('5s')], ['250ms', '5s']);
  t.same([milliseconds(250), milliseconds('1.5s')], [250, 1500]);
  t.throws(() => milliseconds('soon'), { name: 'RangeError', message: /"soon" is no duration/ });
});

t.test('payloads come back as they went', async (t) => {
  const bytes = fc.uint8Array({ maxLength: 20_000 });
  fc.assert(fc.property(bytes, (given) => Buffer.compare(fromBase64(toBase64(given)), given) === 0));
  fc.assert(fc.property(bytes, (given) => Buffer.compare(fromHex(toHex(given)), given) === 0));
  t.equal(toHex(Uint8Array.of(1, 171), ' '), '01 ab');
  t.same(payloadInput('a'), { text: 'a' });
  t.same(payloadInput(Uint8Array.of(97)), { base64: 'YQ==' });
  t.same(payloadInput({ json: [1] }), { json: [1] });
});

t.test('a reading place moves on, and back only when it is set', async (t) => {
  const place = new ReadingPlace();
  t.equal(place.at, '0');
  for (const [cursor, expected] of [
    ['9', '9'],
    ['10', '10'],
    ['9', '10'],
    ['10.2', '10.2'],
    ['10', '10.2'],
    ['10.3~aaa111', '10.3~aaa111'],
    ['11', '11'],
    ['12~aaa111', '12~aaa111'],
    ['9~aaa111', '12~aaa111'],
    ['1~bbb222', '1~bbb222'],
  ] as const) {
    place.advance(cursor);
    t.equal(place.at, expected);
  }
  place.set('3');
  t.equal(place.at, '3');
});

const VIEW: RecordView = {
  seq: 3,
  listenerId: 'l_1',
  kind: 'message',
  direction: 'in',
  protocol: 'udp',
  at: '2026-03-01T09:30:00.123456Z',
  remote: { address: '127.0.0.1', port: 5000 },
  size: 7,
};

t.test('a message as text, bytes, hex and JSON, whichever way it came', async (t) => {
  const text = '{"a":1}';
  const bytes = Buffer.from(text);
  const ways: Partial<RecordView>[] = [
    { text },
    { hex: bytes.toString('hex') },
    { base64: bytes.toString('base64') },
    { text, base64: bytes.toString('base64') },
  ];
  for (const way of ways) {
    const message = new Message({ ...VIEW, ...way });
    t.equal(message.text, text);
    t.same(Buffer.from(message.bytes), bytes);
    t.equal(message.hex, bytes.toString('hex'));
    t.same(message.json(), { a: 1 });
  }
});

t.test('a message says which rule decided on it, or that none did', async (t) => {
  t.match(new Message(VIEW), { rule: undefined, unmatched: false, partial: false });
  t.match(new Message({ ...VIEW, rule: 'user' }), { rule: 'user', unmatched: false });
  t.match(new Message({ ...VIEW, unmatched: true, partial: true }), { unmatched: true, partial: true });
});

t.test('a message that is no text, no JSON, or has no payload', async (t) => {
  const binary = new Message({ ...VIEW, base64: '/wA=' });
  t.equal(binary.text, '\ufffd\0');
  t.throws(() => binary.json(), { name: 'SyntaxError', message: /message #3 is no JSON: "/ });
  const empty = new Message(VIEW);
  t.throws(() => empty.text, { message: /payload of message #3 was not asked for/ });
  t.same(JSON.parse(JSON.stringify(empty)), VIEW);
  t.equal(`${new Message({ ...VIEW, text: 'a\n' })}`, '#3 in 127.0.0.1:5000 "a\\n"');
  t.equal(quoted('x'.repeat(100)), `"${'x'.repeat(96)}"…`);
});

t.test('a record without details is still a message', async (t) => {
  const bare = new Message({ listenerId: 'l_1', kind: 'message', at: VIEW.at });
  t.match(bare, {
    seq: 0,
    direction: 'in',
    protocol: 'udp',
    remote: { address: '', port: 0 },
    size: 0,
    truncated: false,
  });
});
