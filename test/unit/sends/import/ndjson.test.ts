import fc from 'fast-check';
import t from 'tap';
import { NdjsonEncoder } from '../../../../src/journal/encode/json-encoders.ts';
import { HistoryReader } from '../../../../src/journal/log/history-reader.ts';
import { ImportError } from '../../../../src/pcap/import-item.ts';
import type { Draft } from '../../../../src/records/chunk.ts';
import type { PayloadMode } from '../../../../src/schemas/reads.ts';
import { readNdjson } from '../../../../src/sends/import/ndjson.ts';
import { chunks, message, UDP } from '../../pcap/records.ts';

const read = (...lines: unknown[]) =>
  readNdjson(Buffer.from(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')));

const REMOTE = { address: '127.0.0.2', port: 40_000 };
const LOCAL = { address: '127.0.0.1', port: 9000 };

t.test('lines as the export writes them', async (t) => {
  const line = {
    seq: 1,
    kind: 'message',
    direction: 'in',
    at: '2025-07-01T00:00:00.123456Z',
    remote: REMOTE,
    local: LOCAL,
    size: 3,
    text: 'abc',
    base64: 'YWJj',
    truncated: false,
  };
  const { items, passedOver } = read(
    line,
    { ...line, direction: 'out', truncated: true },
    { kind: 'gap', dropped: 3 },
    '',
  );
  t.same(items, [
    {
      at: 1_751_328_000_123_456_000n,
      direction: 'in',
      from: { host: '127.0.0.2', port: 40_000 },
      to: { host: '127.0.0.1', port: 9000 },
      payload: new Uint8Array([97, 98, 99]),
      truncated: false,
    },
    {
      at: 1_751_328_000_123_456_000n,
      direction: 'out',
      from: { host: '127.0.0.1', port: 9000 },
      to: { host: '127.0.0.2', port: 40_000 },
      payload: new Uint8Array([97, 98, 99]),
      truncated: true,
    },
  ]);
  t.equal(passedOver.foreign, 1);
});

t.test('what was exported comes back: payloads, order, time to the microsecond, direction', async () => {
  const messages = fc.array(
    fc.record({
      payload: fc.oneof(
        fc.uint8Array(),
        fc.string().map((text) => Buffer.from(text)),
      ),
      out: fc.boolean(),
    }),
    { maxLength: 10 },
  );
  fc.assert(
    fc.property(messages, fc.constantFrom('full', 'text', 'hex', 'base64'), (messages, mode) => {
      const drafts = messages.map(({ payload, out }, i) => message(payload, { out, after: i * 1_234_567 }));
      const { items, passedOver } = readNdjson(exported(drafts, mode));
      const same = items.every(({ payload, direction, at }, i) => {
        const { seconds, nanos } = drafts[i]!.at;
        return (
          Buffer.compare(payload, messages[i]!.payload) === 0 &&
          direction === (messages[i]!.out ? 'out' : 'in') &&
          at === BigInt(seconds) * 1_000_000_000n + BigInt(Math.floor(nanos / 1000) * 1000)
        );
      });
      return same && items.length === messages.length && passedOver.foreign === 0;
    }),
  );
});

t.test('payloads in each form', async (t) => {
  const { items } = read(
    { text: 'ä', base64: '/w==' },
    { hex: '00 ff' },
    { text: 'ä' },
    { json: { a: 1 } },
    { size: 0 },
    { base64: '' },
  );
  t.same(
    items.map(({ payload }) => Buffer.from(payload).toString('hex')),
    ['ff', '00ff', 'c3a4', '7b2261223a317d', '', ''],
  );
});

t.test('times: to the nanosecond, with an offset, or none', async (t) => {
  const { items } = read(
    { text: 'a', at: '2025-07-01T02:00:00.000000001+02:00' },
    { text: 'b' },
    { text: 'c', at: '2025-07-01t00:00:01z' },
  );
  t.same(
    items.map(({ at }) => at - 1_751_328_000_000_000_000n),
    [1n, 1n, 1_000_000_000n],
  );
  t.same(read({ text: 'a' }).items[0]!.at, 0n);
});

t.test('little is asked of a line written by hand, and byte order marks and CRLF are forgiven', async (t) => {
  t.match(read('\ufeff{"text":"a"}\r', '{"text":"b"}\r').items, [
    { payload: Buffer.from('a'), direction: null, from: null, to: null },
    { payload: Buffer.from('b') },
  ]);
  t.match(read({ text: 'a', remote: 'somewhere', local: { address: 1 } }).items[0], { from: null, to: null });
});

t.test('a line that is wrong is named, with its byte', async (t) => {
  const cases: [unknown, RegExp][] = [
    ['{"text":}', /^at byte 13: line 2 is not JSON$/],
    ['[1]', /line 2 is not a JSON object/],
    ['null', /line 2 is not a JSON object/],
    [{ size: 3 }, /line 2 has no payload/],
    [{ text: 3 }, /line 2 text is not a string/],
    [{ hex: 'xy' }, /line 2 hex is not pairs of hex digits/],
    [{ base64: '***' }, /line 2 base64 is not base64/],
    [{ text: 'a', direction: 'up' }, /line 2 direction is neither/],
    [{ text: 'a', at: 'today' }, /line 2 at is not a time/],
    [{ text: 'a', at: '2025-13-01T00:00:00Z' }, /line 2 at is not a time/],
    [{ text: 'a', at: 5 }, /line 2 at is not a time/],
  ];
  for (const [line, message] of cases) t.throws(() => read({ text: 'a' }, line), { offset: 13, message });
  t.throws(() => readNdjson(Buffer.of(0x7b, 0xff)), { message: /line 1 is not UTF-8/ });
});

t.test('a file that breaks off in its last line gives those before it, and says where', async (t) => {
  const file = Buffer.from('{"text":"a"}\n{"text":"b"}\n{"text":"cä"}\n');
  for (const keep of [27, 30, 37, 38]) {
    t.match(readNdjson(file.subarray(0, keep)), { items: { length: 2 }, cutAt: 26 }, `${keep} bytes`);
  }
  for (const keep of [26, file.length - 1]) t.equal(readNdjson(file.subarray(0, keep)).cutAt, null, `${keep} bytes`);
  t.throws(() => readNdjson(Buffer.from('{"text":"a')), { message: /line 1 is not JSON/ }, 'nothing is whole');
});

t.test('no bytes do any harm', async () => {
  const lines = fc.array(fc.oneof(fc.json(), fc.string(), fc.constant('{"text":"a"}'))).map((all) => all.join('\n'));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        lines.map((text) => Buffer.from(text)),
      ),
      (file) => {
        try {
          readNdjson(file);
          return true;
        } catch (error) {
          return error instanceof ImportError && error.offset <= file.length;
        }
      },
    ),
    { numRuns: 500 },
  );
});

/** As the journal's own export writes it. */
function exported(drafts: readonly Draft[], mode: PayloadMode): Uint8Array {
  const capture = { maxMessages: 1, maxBytes: 1, maxAge: null, overflow: 'dropOldest' } as const;
  const listener = { ...UDP, capture };
  const encoder = new NdjsonEncoder(mode);
  chunks(drafts).forEach((chunk, i) => {
    const reader = new HistoryReader(chunk, { major: i, minor: 0 });
    while (reader.next()) encoder.record(reader, listener);
  });
  return encoder.take();
}
