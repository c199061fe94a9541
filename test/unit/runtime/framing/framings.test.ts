/** Every framing: the same frames however the stream is cut, what was encoded is decoded, and hostile bytes end in a fault. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { createCodec } from '../../../../src/runtime/framing/codecs.ts';
import { type Frame, type FrameCodec, FramingError } from '../../../../src/runtime/framing/frame-codec.ts';
import type { Framing } from '../../../../src/schemas/framing.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const text = (latin1: string) => Uint8Array.from(Buffer.from(latin1, 'latin1'));
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');

/** All frames of a stream that comes in pieces and ends. */
function frames(codec: FrameCodec, pieces: readonly Uint8Array[]): Frame[] {
  const found: Frame[] = [];
  const takeAll = (next: () => Frame | null) => {
    for (let frame = next(); frame !== null; frame = next()) found.push(frame);
  };
  for (const piece of pieces) {
    codec.push(piece);
    takeAll(() => codec.next());
  }
  takeAll(() => codec.next() ?? codec.end());
  return found;
}

const wire = ({ payload, terminator, raw }: Frame) => hex(raw ?? Buffer.concat([payload, terminator]));

/** Those that cut by what is in the stream. */
const FRAMINGS: Framing[] = [
  { type: 'line', eol: '\r\n' },
  { type: 'line', body: { regex: '^set (\\d+)', adjust: 2 } },
  { type: 'delimiter', text: '||' },
  { type: 'fixed', size: 4 },
  { type: 'fixed', size: 4, pad: '20' },
  { type: 'length', size: 1 },
  { type: 'length', size: 2, endian: 'little' },
  { type: 'length', size: 3, adjust: -3 },
  { type: 'length' },
  { type: 'length', size: 8, endian: 'little', adjust: 2 },
  { type: 'length', size: 'varint' },
  { type: 'length', offset: 1, size: 2, adjust: -3 },
  { type: 'length', offset: 1, size: 'varint' },
  { type: 'octetCounting' },
  { type: 'netstring' },
  { type: 'contentLength' },
  { type: 'contentLength', strip: false },
  { type: 'stxEtx' },
  { type: 'stxEtx', escape: '10' },
  { type: 'mllp' },
  { type: 'slip' },
  { type: 'cobs' },
  { type: 'resp' },
  { type: 'untilClose' },
];

/** Bytes that mean something to some framing are likely. */
const telling = fc.constantFrom(
  ...[0, 1, 2, 3, 4, 0x0a, 0x0b, 0x0d, 0x10, 0x1c, 0x20, 0x24, 0x2a, 0x2c, 0x30, 0x31, 0x33, 0x3a, 0x7c, 0x7f],
  ...[0x80, 0xc0, 0xdb, 0xdc, 0xdd, 0xff],
);
const anyBytes = fc
  .array(fc.oneof(telling, fc.integer({ min: 0, max: 255 })), { maxLength: 80 })
  .map((list) => Uint8Array.from(list));

/** Long enough to hold a length field. */
const headed = anyBytes.map((payload) => Uint8Array.from([...payload, ...new Uint8Array(16)]));

for (const framing of FRAMINGS) {
  const name = JSON.stringify(framing);
  t.test(`${name}: cuts do not show, whatever comes; no frame is too long`, async (t) => {
    const cuts = fc.array(fc.nat(80), { maxLength: 12 });
    fc.assert(
      fc.property(anyBytes, cuts, fc.integer({ min: 1, max: 40 }), (stream, at, maxFrame) => {
        const whole = frames(createCodec({ ...framing, maxFrame }), [stream]);
        const edges = [0, ...at.map((n) => Math.min(n, stream.length)).sort((a, b) => a - b), stream.length];
        const pieces = edges.slice(1).map((edge, i) => stream.slice(edges[i], edge));
        const cut = frames(createCodec({ ...framing, maxFrame }), pieces);
        const isFaulty = whole.some(({ fault }) => fault !== null);
        // What a faulty frame holds is what had come by then.
        const shown = (list: Frame[]) =>
          list.map((frame) => (frame.fault === null ? [hex(frame.payload), wire(frame)] : [frame.fault.expected]));
        assert.deepEqual(shown(cut), shown(whole));
        const largest = framing.type === 'fixed' ? Math.max(4, maxFrame) : maxFrame;
        assert.ok(whole.every(({ payload }) => payload.length <= largest));
        if (!isFaulty && framing.type !== 'slip' && framing.type !== 'cobs')
          assert.equal(whole.map(wire).join(''), hex(stream));
      }),
      { numRuns: 300 },
    );
    t.pass('300 streams');
  });

  t.test(`${name}: what was encoded is decoded`, async (t) => {
    let encoded = 0;
    const hasHead = framing.type === 'length' && framing.offset !== undefined;
    fc.assert(
      fc.property(fc.array(hasHead ? headed : anyBytes, { minLength: 1, maxLength: 4 }), (payloads) => {
        const sender = createCodec(framing);
        const sent: Uint8Array[] = [];
        const stream: Uint8Array[] = [];
        for (const payload of payloads) {
          try {
            stream.push(sender.encode(payload));
            sent.push(payload);
          } catch (error) {
            assert.ok(error instanceof FramingError);
          }
        }
        if (!isReversible(framing, sent)) return;
        encoded += sent.length;
        const back = frames(createCodec(framing), [Buffer.concat(stream)]);
        assert.ok(back.every(({ fault }) => fault === null));
        if (framing.type === 'untilClose') assert.equal(back.map(wire).join(''), hex(Buffer.concat(sent)));
        else
          assert.deepEqual(
            back.map(({ payload }) => hex(payload)),
            sent.map((payload) => hex(asRead(framing, payload))),
          );
      }),
      { numRuns: 300 },
    );
    t.ok(encoded > 0 || framing.type === 'resp' || framing.type === 'contentLength', `${encoded} payloads`);
  });
}

/** Whether the other side can tell the payloads apart again. */
function isReversible(framing: Framing, payloads: readonly Uint8Array[]): boolean {
  const all = payloads.map((payload) => Buffer.from(payload).toString('latin1'));
  switch (framing.type) {
    case 'line':
      return all.every((payload) => !/\n|\r$|^set \d/.test(payload));
    case 'delimiter':
      return all.every((payload) => !payload.includes('|'));
    case 'resp':
      return false;
    case 'contentLength':
      return framing.strip !== false;
    case 'slip':
      return payloads.every(({ length }) => length > 0);
    default:
      return true;
  }
}

/** What of a payload the other side sees: padding, and a length field that was written. */
function asRead(framing: Framing, payload: Uint8Array): Uint8Array {
  const whole = framing.type === 'fixed' || (framing.type === 'length' && framing.offset !== undefined);
  return whole ? createCodec(framing).encode(payload) : payload;
}

const CASES: [what: string, framing: Framing, stream: Uint8Array, payloads: string[], fault?: RegExp][] = [
  [
    'Modbus: offset 4, size 2',
    { type: 'length', offset: 4, size: 2 },
    bytes('0001 0000 0006 01 03 0000 0002'),
    ['000100000006010300000002'],
  ],
  ['PostgreSQL: the length counts itself', { type: 'length', adjust: -4 }, bytes('00000008 04d2162f'), ['04d2162f']],
  [
    'MQTT: varint behind one byte',
    { type: 'length', offset: 1, size: 'varint' },
    bytes('c000 d000 e001ff'),
    ['c000', 'd000', 'e001ff'],
  ],
  [
    'a length of 2^64 - 1',
    { type: 'length', size: 8 },
    bytes('ffffffffffffffff00'),
    ['ffffffffffffffff00'],
    /at most 65536 bytes/,
  ],
  [
    'an adjust below nothing',
    { type: 'length', size: 1, adjust: -5 },
    bytes('02 00'),
    ['0200'],
    /a length of at least 5/,
  ],
  [
    'an endless varint',
    { type: 'length', size: 'varint' },
    bytes('ff'.repeat(12)),
    ['ff'.repeat(12)],
    /at most 10 bytes/,
  ],
  ['half a frame at the end', { type: 'length' }, bytes('00000004 0102'), ['000000040102'], /the rest of the frame/],
  [
    'syslog in both ways',
    { type: 'octetCounting' },
    text('11 Hola server<34>line\n5 a\nb\nc'),
    [hex(text('Hola server')), hex(text('<34>line')), hex(text('a\nb\nc'))],
  ],
  ['octets without a space', { type: 'octetCounting' }, text('12x'), [hex(text('12x'))], /a digit or a space/],
  ['netstrings', { type: 'netstring' }, text('0:,3:abc,'), ['', hex(text('abc'))]],
  [
    'a netstring with a leading zero',
    { type: 'netstring' },
    text('03:abc,'),
    [hex(text('03:abc,'))],
    /a colon after the length 0/,
  ],
  [
    'LSP',
    { type: 'contentLength' },
    text('Content-Type: x\r\ncontent-length: 2\r\n\r\n{}Content-Length: 0\r\n\r\n'),
    [hex(text('{}')), ''],
  ],
  [
    'HTTP keeps its head',
    { type: 'contentLength', strip: false },
    text('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    [hex(text('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))],
  ],
  [
    'HTTP in chunks',
    { type: 'contentLength' },
    text('Transfer-Encoding: chunked\r\n\r\n'),
    [hex(text('Transfer-Encoding: chunked\r\n\r\n'))],
    /not in chunks/,
  ],
  [
    'two lengths',
    { type: 'contentLength' },
    text('Content-Length: 1\r\nContent-Length: 2\r\n\r\n'),
    [hex(text('Content-Length: 1\r\nContent-Length: 2\r\n\r\n'))],
    /one Content-Length/,
  ],
  ['MLLP', { type: 'mllp' }, bytes('0b 4d5348 1c0d 0b 41 1c 42 1c0d'), ['4d5348', '411c42']],
  ['MLLP without its start', { type: 'mllp' }, bytes('4d'), ['4d'], /the start byte 0b/],
  ['STX and ETX with DLE', { type: 'stxEtx', escape: '10' }, bytes('02 41 10 03 10 10 03'), ['410310']],
  ['SLIP', { type: 'slip' }, bytes('c0c0 41 dbdc dbdd c0 42 c0'), ['41c0db', '42']],
  ['a wrong escape of SLIP', { type: 'slip' }, bytes('db 00 c0'), ['db00c0'], /dc or dd after db/],
  ['COBS', { type: 'cobs' }, bytes('03 1122 0233 00 0101 00 01 00'), ['11220033', '00', '']],
  ['COBS that is cut', { type: 'cobs' }, bytes('05 11 00'), ['051100'], /4 bytes after the code/],
  [
    'RESP',
    { type: 'resp' },
    text('*2\r\n$3\r\nGET\r\n$1\r\na\r\n+OK\r\n%1\r\n+k\r\n*-1\r\n|1\r\n+a\r\n:1\r\n:2\r\n'),
    ['*2\r\n$3\r\nGET\r\n$1\r\na\r\n', '+OK\r\n', '%1\r\n+k\r\n*-1\r\n', '|1\r\n+a\r\n:1\r\n:2\r\n'].map((each) =>
      hex(text(each)),
    ),
  ],
  ['no type of RESP', { type: 'resp' }, text('PING\r\n'), [hex(text('PING\r\n'))], /a type of RESP/],
  ['deep RESP', { type: 'resp' }, text('*1\r\n'.repeat(100)), [hex(text('*1\r\n'.repeat(100)))], /at most 64 values/],
  [
    'memcached',
    { type: 'line', body: { regex: '^set \\S+ \\d+ \\d+ (\\d+)', adjust: 2 } },
    text('get a\r\nset a 0 0 5\r\nhe\nlo\r\nget b\r\n'),
    [hex(text('get a')), hex(text('set a 0 0 5\r\nhe\nlo\r\n')), hex(text('get b'))],
  ],
  [
    'a body of more digits than a frame can have bytes',
    { type: 'line', body: { regex: '^set (\\d+)' } },
    text('get\nset 99999999999\nx'),
    [hex(text('get')), hex(text('set 99999999999\nx'))],
    /at most 65536 bytes/,
  ],
];

t.test('frames of real protocols, and bytes that are none', async (t) => {
  for (const [what, framing, stream, payloads, fault] of CASES) {
    const found = frames(createCodec(framing), [stream]);
    t.same(
      found.map(({ payload }) => hex(payload)),
      payloads,
      what,
    );
    const last = found.at(-1)!;
    if (fault === undefined) t.equal(last.fault, null, what);
    else t.match(last.fault?.expected, fault, what);
    const byByte = frames(
      createCodec(framing),
      [...stream].map((byte) => Uint8Array.of(byte)),
    );
    t.same(
      byByte.map((frame) => frame.fault?.expected ?? hex(frame.payload)),
      found.map((frame) => frame.fault?.expected ?? hex(frame.payload)),
      `${what}, byte by byte`,
    );
  }
});

t.test('COBS with blocks that are full, and those that are almost', async (t) => {
  const codec = createCodec({ type: 'cobs' });
  const full = 'aa'.repeat(254);
  t.equal(hex(codec.encode(bytes(full))), `ff${full}00`, 'none behind the last');
  t.equal(hex(codec.encode(bytes(`${full}00`))), `ff${full}010100`);
  t.equal(hex(codec.encode(bytes(`${full}bb`))), `ff${full}02bb00`);
  fc.assert(
    fc.property(fc.integer({ min: 250, max: 1030 }), fc.array(fc.nat(1030), { maxLength: 4 }), (length, zeros) => {
      const payload = new Uint8Array(length).fill(7);
      for (const at of zeros) if (at < length) payload[at] = 0;
      const encoded = codec.encode(payload);
      assert.equal(encoded.indexOf(0), encoded.length - 1);
      assert.deepEqual(frames(createCodec({ type: 'cobs' }), [encoded])[0]!.payload, payload);
    }),
  );
});

t.test('too long is too long, however much came at once', async (t) => {
  for (const [framing, stream] of [
    [{ type: 'cobs' }, '0000ff00'],
    [{ type: 'slip' }, 'db0041c0'],
    [{ type: 'netstring' }, '333a6162636478'],
    [{ type: 'contentLength' }, '413a20620d0a0d0a'],
  ] as [Framing, string][]) {
    const byByte = [...bytes(stream)].map((byte) => Uint8Array.of(byte));
    const shown = (pieces: Uint8Array[]) =>
      frames(createCodec({ ...framing, maxFrame: 1 }), pieces).map(({ fault }) => fault);
    t.same(shown(byByte), shown([bytes(stream)]), framing.type);
  }
});

t.test('a line of RESP is as long as it may be, however it comes', async (t) => {
  const line = (length: number) => text(`+${'a'.repeat(length - 1)}\r\n`);
  for (const [length, isWhole] of [
    [65_536, true],
    [65_537, false],
  ] as const) {
    for (const at of [1, length, length + 1, length + 2]) {
      const pieces = [line(length).subarray(0, at), line(length).subarray(at)];
      const [frame] = frames(createCodec({ type: 'resp', maxFrame: 100_000 }), pieces);
      t.equal(frame!.fault === null, isWhole, `${length} bytes, cut at ${at}`);
    }
  }
});

t.test('nothing comes after bytes that are no frame, but they are handed over', async (t) => {
  const codec = createCodec({ type: 'netstring' });
  codec.push(text('xyz'));
  t.ok(codec.next()?.fault);
  codec.push(text('1:a,'));
  t.equal(codec.next(), null);
  t.equal(codec.end(), null);
  t.same(codec.rest(), text('1:a,'));
});

t.test('a frame that comes byte by byte costs no more than its bytes', async (t) => {
  for (const [framing, stream] of [
    [{ type: 'resp', maxFrame: 1_000_000 }, text(`*20000\r\n${':1\r\n'.repeat(20_000)}`)],
    [{ type: 'slip', maxFrame: 1_000_000 }, bytes(`${'41'.repeat(100_000)}c0`)],
    [{ type: 'contentLength', maxFrame: 1_000_000 }, text(`A: ${'b'.repeat(100_000)}\r\n\r\n`)],
  ] as [Framing, Uint8Array][]) {
    const codec = createCodec(framing);
    let found = 0;
    for (const byte of stream) {
      codec.push(Uint8Array.of(byte));
      for (let frame = codec.next(); frame !== null; frame = codec.next()) found += frame.fault === null ? 1 : 0;
    }
    t.equal(found, 1, framing.type);
  }
});

t.test('idle: silence ends a message', async (t) => {
  const codec = createCodec({ type: 'idle', gap: '30ms', maxFrame: 8 });
  t.equal(codec.gap, 30);
  codec.push(text('ab'));
  t.equal(codec.next(), null);
  codec.push(text('cd'));
  codec.silence?.();
  t.same(codec.next()?.payload, text('abcd'));
  t.equal(codec.next(), null);
  codec.silence?.();
  t.equal(codec.next(), null, 'silence alone is no message');
  codec.push(text('123456789'));
  t.match(codec.next()?.fault, { expected: 'at most 8 bytes' });
});

t.test('what no frame can hold is refused', async (t) => {
  const refused: [Framing, Uint8Array][] = [
    [{ type: 'fixed', size: 2 }, text('a')],
    [{ type: 'fixed', size: 2, pad: '00' }, text('abc')],
    [{ type: 'length', size: 1 }, new Uint8Array(256)],
    [{ type: 'length', size: 1, adjust: 5 }, text('ab')],
    [{ type: 'length', offset: 4, size: 2 }, text('abc')],
    [{ type: 'octetCounting' }, text('')],
    [{ type: 'stxEtx' }, bytes('03')],
    [{ type: 'mllp' }, bytes('41 1c0d')],
  ];
  for (const [framing, payload] of refused)
    t.throws(
      () => createCodec(framing).encode(payload),
      { code: 'framing_error' } as unknown as Error,
      JSON.stringify(framing),
    );
  t.throws(() => createCodec({ type: 'length', offset: 1, strip: true }), { field: 'strip' } as unknown as Error);
  t.throws(() => createCodec({ type: 'stxEtx', escape: '02' }), { field: 'escape' } as unknown as Error);
  t.throws(() => createCodec({ type: 'line', body: { regex: '(' } }), { field: 'body/regex' } as unknown as Error);
  t.throws(() => createCodec({ type: 'line', body: { regex: 'a' } }), { field: 'body/regex' } as unknown as Error);
  const slow = '(?:(?:a?){400}){2}(\\d+)';
  t.throws(() => createCodec({ type: 'line', body: { regex: slow } }), { field: 'body/regex' } as unknown as Error);
});
