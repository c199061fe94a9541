import fc from 'fast-check';
import t from 'tap';
import { addressBytes, addressText } from '../../../src/net/address.ts';
import {
  CHUNK_REFERENCES,
  ChunkReader,
  CLOSE_REASONS,
  type Draft,
  EXTRA_TYPES,
  encodeChunk,
  fitsBase,
  GAP_REASONS,
  H,
  HEADER_BYTES,
  isWholeChunk,
  KIND_CONNECTION,
  KIND_GAP,
  KIND_MESSAGE,
  KINDS,
  LAYOUT_VERSION,
  LEGS,
  NO_PAYLOAD,
  nanosBetween,
  PHASE_CLOSED,
  PHASES,
  RECORD_BYTES,
  recordBytes,
  sealChunk,
} from '../../../src/records/chunk.ts';
import { chunk, message } from '../journal/fixtures.ts';

const origin = { listener: 0xffff_ffff_ffff, node: 3, thread: 0x8002, binding: 7, incarnation: 255 };

const draft: fc.Arbitrary<Draft> = fc.record(
  {
    kind: fc.nat(KINDS.length - 1),
    direction: fc.nat(1),
    at: fc.record({ seconds: fc.constantFrom(1_760_000_000, 1_760_000_001), nanos: fc.nat(999_999_999) }),
    size: fc.nat(0xffff_ffff),
    payload: fc.uint8Array({ maxLength: 200 }),
    remote: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    remotePort: fc.nat(0xffff),
    connection: fc.nat(0xffff_ffff),
    reference: fc.nat(0xffff_ffff),
    reason: fc.constantFrom(...GAP_REASONS),
    extras: fc.dictionary(fc.constantFrom(...EXTRA_TYPES), fc.string({ unit: 'grapheme', maxLength: 40 })),
  },
  { requiredKeys: ['kind', 'direction', 'at', 'size', 'payload', 'remotePort', 'reason'] },
);

t.test('what was encoded is read back, record by record', (t) => {
  fc.assert(
    fc.property(
      fc.array(draft, { minLength: 1, maxLength: 20 }),
      fc.nat(2 ** 52),
      fc.nat(0xffff_ffff),
      (drafts, elapsed, ordinal) => {
        const bytes = encodeChunk(origin, drafts, elapsed, ordinal);
        const reader = new ChunkReader(bytes);
        t.same(
          { ...headOf(reader), kinds: reader.kinds },
          {
            ...{ listener: origin.listener, thread: origin.thread, binding: 7, incarnation: 255, ordinal },
            ...{ records: drafts.length, messages: drafts.filter(({ kind }) => kind === KIND_MESSAGE).length },
            kinds: drafts.reduce((bits, { kind }) => bits | (1 << kind), 0),
          },
        );
        for (const wanted of drafts) {
          t.ok(reader.next());
          t.same(recordOf(reader), plain(wanted, drafts[0]!, elapsed));
        }
        t.notOk(reader.next());
        t.equal(bytes.length % 8, 0);
      },
    ),
    { numRuns: 150 },
  );
  t.end();
});

function headOf({ listener, thread, binding, incarnation, records, messages, ordinal }: ChunkReader) {
  return { listener, thread, binding, incarnation, records, messages, ordinal };
}

function recordOf(reader: ChunkReader) {
  const { kind, direction, size, delta, elapsed, remotePort, connection, hasReference, hasRemote, reason } = reader;
  return {
    ...{ kind, direction, size, delta, elapsed, remotePort, connection, hasReference, hasRemote, reason },
    payload: Buffer.from(reader.payload).toString('hex'),
    truncated: reader.truncated,
    reference: hasReference ? reader.reference : undefined,
    remote: hasRemote
      ? Buffer.from(reader.bytes.subarray(reader.remoteOffset, reader.remoteOffset + 16)).toString('hex')
      : undefined,
    extras: { ...reader.extras },
  };
}

function plain(wanted: Draft, first: Draft, elapsed: number) {
  const { kind, direction, size, remotePort, connection, reason } = wanted;
  const delta = nanosBetween(first.at, wanted.at);
  return {
    ...{ kind, direction, size, delta, elapsed: elapsed + delta, remotePort, connection, reason },
    hasReference: wanted.reference !== undefined,
    hasRemote: wanted.remote !== undefined,
    payload: Buffer.from(wanted.payload).toString('hex'),
    truncated: wanted.payload.length < size && kind !== KIND_GAP,
    reference: wanted.reference,
    remote: wanted.remote && Buffer.from(wanted.remote).toString('hex'),
    extras: { ...wanted.extras },
  };
}

t.test('the seq of a message follows from its place among the messages', (t) => {
  const gap: Draft = { ...message(''), kind: KIND_GAP, payload: NO_PAYLOAD, reason: 'kernel', reference: 5 };
  const bytes = chunk([gap, message('a'), gap, message('b'), gap]);
  new DataView(bytes.buffer).setFloat64(H.firstSeq, 100, true);
  const reader = new ChunkReader(bytes);
  const seqs: number[] = [];
  while (reader.next()) seqs.push(reader.seq);
  t.same(seqs, [99, 100, 100, 101, 101]);
  reader.rewind();
  reader.next();
  t.equal(reader.seq, 99, 'also after a rewind');
  t.end();
});

t.test('the checksum finds a changed byte anywhere', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (where, change) => {
      const bytes = chunk([message('hello'), message('world')]);
      sealChunk(bytes, new DataView(bytes.buffer));
      t.ok(isWholeChunk(bytes));
      bytes[where % bytes.length]! ^= change;
      t.notOk(isWholeChunk(bytes));
    }),
    { numRuns: 100 },
  );
  t.notOk(isWholeChunk(new Uint8Array(10)));
  t.notOk(isWholeChunk(chunk([message('x')]).subarray(0, 80)), 'a torn tail');
  t.end();
});

t.test('a record that uses none of rule, fault, leg and closing takes 48 bytes and its payload', (t) => {
  const bare = chunk([message('12345678')]).length;
  t.equal(bare, HEADER_BYTES + 48 + 8);
  t.equal(chunk([{ ...message('12345678'), leg: 'upstream' }]).length, bare, 'a leg takes no room');
  const closed = { ...message(''), kind: KIND_CONNECTION, direction: PHASE_CLOSED };
  t.equal(chunk([{ ...closed, closing: { reason: 'idle', reset: true } }]).length, HEADER_BYTES + 48);
  t.equal(chunk([{ ...message('12345678'), extras: { rule: 'login' } }]).length, bare + 8);
  t.end();
});

t.test('phase, reason, reset and leg are read back beside each other', (t) => {
  const legs = [undefined, ...LEGS];
  for (const leg of legs) {
    for (const direction of [0, 1]) {
      const reader = new ChunkReader(chunk([{ ...message('x'), direction, ...(leg && { leg }) }]));
      reader.next();
      t.same([reader.direction, reader.leg, reader.isIncoming], [direction, leg, direction === 0]);
    }
    for (const direction of PHASES.keys()) {
      for (const reason of [undefined, ...CLOSE_REASONS]) {
        for (const reset of [false, true]) {
          const event = { ...message(''), kind: KIND_CONNECTION, direction, connection: 7, ...(leg && { leg }) };
          const reader = new ChunkReader(
            chunk([reason === undefined ? event : { ...event, closing: { reason, reset } }]),
          );
          reader.next();
          const { closeReason, isReset } = reader;
          t.same([reader.direction, closeReason, isReset], [direction, reason, reason !== undefined && reset]);
          t.equal(reader.leg, leg);
          t.equal(reader.connection, 7);
        }
      }
    }
  }
  t.end();
});

t.test('layout 1 is read, a newer one is not half read', (t) => {
  const bytes = chunk([message('old')]);
  t.equal(new ChunkReader(bytes).version, LAYOUT_VERSION);
  const VERSION = H.magic + 3;
  bytes[VERSION] = 0x31;
  sealChunk(bytes, new DataView(bytes.buffer));
  const reader = new ChunkReader(bytes);
  reader.next();
  t.same([reader.version, Buffer.from(reader.payload).toString(), isWholeChunk(bytes)], [1, 'old', true]);
  for (const digit of [0x30, 0x33, 0x39, 0xff]) {
    bytes[VERSION] = digit;
    sealChunk(bytes, new DataView(bytes.buffer));
    t.throws(() => new ChunkReader(bytes), RangeError);
    t.notOk(isWholeChunk(bytes));
  }
  t.end();
});

t.test('bytes that are no chunk are refused', (t) => {
  t.throws(() => new ChunkReader(new Uint8Array(HEADER_BYTES)), RangeError);
  t.throws(() => new ChunkReader(new Uint8Array(3)), RangeError);
  t.throws(() => new ChunkReader(chunk([message('x')]).subarray(0, 80)), RangeError);
  const bytes = chunk([message('x')]);
  new DataView(bytes.buffer).setUint32(HEADER_BYTES, 4096, true);
  t.throws(() => new ChunkReader(bytes).next(), RangeError);
  t.end();
});

t.test('sizes and bounds', (t) => {
  t.equal(recordBytes(0), RECORD_BYTES);
  t.equal(recordBytes(1), RECORD_BYTES + 8);
  t.equal(recordBytes(8, 1), RECORD_BYTES + 16);
  t.ok(fitsBase({ seconds: 1, nanos: 0 }, { seconds: 3, nanos: 0 }));
  t.notOk(fitsBase({ seconds: 1, nanos: 0 }, { seconds: 4, nanos: 0 }));
  t.notOk(fitsBase({ seconds: 4, nanos: 0 }, { seconds: 1, nanos: 0 }));
  t.end();
});

t.test('a reference marks the chunk until the sequencer has seen it', (t) => {
  const flags = (drafts: Draft[]) => new ChunkReader(chunk(drafts)).flags;
  t.equal(flags([message('a')]), 0);
  t.equal(flags([message('a', { reference: 0 })]), CHUNK_REFERENCES);
  t.equal(flags([message('a', { answersSeq: 9 })]), CHUNK_REFERENCES);
  const reader = new ChunkReader(chunk([message('a', { answersSeq: 9 })]));
  reader.next();
  t.same([reader.answersSeq, reader.reference], [true, 9]);
  t.end();
});

t.test('moments come out in whole microseconds', (t) => {
  const reader = new ChunkReader(chunk([message('a', { at: { seconds: 1_760_000_000, nanos: 1_999 } })]));
  reader.next();
  t.equal(reader.micros, 1_760_000_000_000_001);
  t.equal(addressText(reader.bytes, reader.remoteOffset), '127.0.0.1');
  t.same(addressBytes('127.0.0.1').length, 16);
  t.end();
});

t.test('nothing of an earlier chunk shows through: padding, addresses and extras are what the record says', (t) => {
  const at = { seconds: 1_760_000_000, nanos: 0 };
  const full = { kind: KIND_MESSAGE, direction: 1, at, size: 999, payload: new Uint8Array(999).fill(0xff) };
  const remote = new Uint8Array(16).fill(0xff);
  const bare: Draft = { kind: KIND_MESSAGE, direction: 0, at, size: 1, payload: Uint8Array.of(7) };
  const fresh = encodeChunk(origin, [bare, bare], 0, 0);
  encodeChunk(
    origin,
    [{ ...full, remote, remotePort: 0xffff, connection: 1, reference: 2, extras: { rule: 'r' } }],
    0,
    0,
  );
  t.same(encodeChunk(origin, [bare, bare], 0, 0), fresh);
  t.ok(fresh.subarray(HEADER_BYTES + RECORD_BYTES + 1, HEADER_BYTES + recordBytes(1)).every((byte) => byte === 0));
  t.end();
});

t.test('what does not fit into one chunk is refused, but one record of any size does', (t) => {
  const at = { seconds: 1_760_000_000, nanos: 0 };
  const large = { kind: KIND_MESSAGE, direction: 0, at, size: 70_000, payload: new Uint8Array(70_000) };
  const late = { ...large, at: { ...at, seconds: at.seconds + 3 }, size: 0, payload: NO_PAYLOAD };
  t.equal(new ChunkReader(encodeChunk(origin, [large], 0, 0)).records, 1);
  t.throws(() => encodeChunk(origin, [large, large], 0, 0), RangeError);
  t.throws(() => encodeChunk(origin, [{ ...late, at }, late], 0, 0), RangeError);
  t.end();
});
