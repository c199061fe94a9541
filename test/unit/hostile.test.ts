/**
 * Hostile structure for all that looks at what strangers send: payloads that nest, lie about their length, break off within
 * a character or carry names of prototypes. Nothing throws but the errors that each part says it throws.
 */
import fc from 'fast-check';
import t from 'tap';
import { ProblemError } from '../../src/errors.ts';
import { messageFilter } from '../../src/http/messages/filters.ts';
import { encoderFor } from '../../src/journal/encode/encoders.ts';
import { JournalError } from '../../src/journal/journal-error.ts';
import { compileFilter } from '../../src/journal/query/predicate.ts';
import { compileMatch } from '../../src/matching/compile.ts';
import { MatchError } from '../../src/matching/test.ts';
import { addressBytes } from '../../src/net/address.ts';
import { ImportError } from '../../src/pcap/import-item.ts';
import { PcapngWriter } from '../../src/pcap/pcapng-writer.ts';
import { BindingCounters, createCounters } from '../../src/runtime/counters.ts';
import { createCodec } from '../../src/runtime/framing/codecs.ts';
import type { Frame } from '../../src/runtime/framing/frame-codec.ts';
import { compileBehavior } from '../../src/runtime/pipeline/behaviors.ts';
import { Request } from '../../src/runtime/pipeline/request.ts';
import { compileTemplate } from '../../src/runtime/pipeline/template/compile.ts';
import { TemplateError } from '../../src/runtime/pipeline/template/template-error.ts';
import type { Framing } from '../../src/schemas/framing.ts';
import type { Match } from '../../src/schemas/match.ts';
import type { ReadFormat } from '../../src/schemas/reads.ts';
import { PAYLOAD_MODES } from '../../src/schemas/reads.ts';
import { readImport } from '../../src/sends/import/read.ts';
import { listener, message, readerOf } from './journal/fixtures.ts';

const DEEP = 20_000;
/** Pieces that hurt somebody somewhere. */
const PIECES = [
  ...['[', ']', '{', '}', '"', '\\', ':', ',', '{"a":', '{{', '}}', '{{json /a}}', '\r\n', '\n', '\0', ' '],
  ...['1e999999999', '-0', '0.1', '9007199254740993', '"\\ud800"', '"\\u00', 'null', 'true', '"a"', '"__proto__"'],
  ...['"constructor"', '"length"', '/a~', '\ufeff', '\u2028', '\u{1f600}', '%s', '$&', '(((((', 'a'.repeat(300)],
  ...['{"kind":"message","text":', '{"text":"a","at":"2026-01-01T00:00:00Z"}', '{"json":', '\u001b[2J'],
];
const RAW = [
  [0xff],
  [0xc3],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x9f],
  [0x0a, 0x0d, 0x0d, 0x0a],
  [0xa1, 0xb2, 0xc3, 0xd4],
  [0, 0, 0, 0xff],
];
const piece = fc.oneof(
  fc.constantFrom(...PIECES).map((text) => Buffer.from(text)),
  fc.constantFrom(...RAW).map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const nested = fc
  .tuple(fc.constantFrom('[', '{"a":', '[{"a":', '(', '{{'), fc.constantFrom(99, 101, 500, DEEP), fc.boolean())
  .map(([open, depth, closed]) => {
    const close = [...open]
      .reverse()
      .map((c) => ({ '[': ']', '{': '}', '(': ')' })[c] ?? '')
      .join('');
    return Buffer.from(`{"b":1,"a":${open.repeat(depth)}1${closed ? close.repeat(depth) : ''}}`);
  });
const payload = fc.oneof(
  { weight: 4, arbitrary: fc.array(piece, { maxLength: 30 }).map((pieces) => Uint8Array.from(Buffer.concat(pieces))) },
  { weight: 1, arbitrary: nested.map((bytes) => Uint8Array.from(bytes)) },
);
const text = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 6 })
  .map((all) => all.join(''));
const RUNS = { numRuns: 300 };

/** What a part may throw, and nothing else; undefined when it threw. */
function allowing<T>(allowed: new (...args: never[]) => Error, part: () => T): T | undefined {
  try {
    return part();
  } catch (error) {
    if (error instanceof allowed) return undefined;
    throw error;
  }
}

const FILTERS = [
  { json: '/a=1' },
  { json: '==' },
  { json: '/a/b/0={"a":[1]}' },
  { text: 'a' },
  { hex: '??00' },
  { regex: '(a|\\[)+$' },
  { minSize: '2' },
];
const MATCHES: Match[] = [
  { json: { pointer: '' } },
  { json: { pointer: '/a', equalsText: '{"a":[1.0]}' } },
  { json: { pointer: '/a/0/a', exists: false } },
  { not: { any: [{ text: { endsWith: 'a', regex: '^\\[' } }, { field: { at: 1, as: 'u64be', min: 1 } }] } },
  { all: [{ hex: { equals: '?? 5b' } }, { text: { equals: '[' } }] },
];

t.test('filters and matches', async (t) => {
  const filters = FILTERS.map((query) => compileFilter(messageFilter(query)));
  const matches = MATCHES.map((match) => compileMatch(match));
  fc.assert(
    fc.property(payload, (bytes) => {
      const reader = readerOf(message('', { payload: bytes, size: bytes.length }));
      for (const filter of filters) {
        filter.matches(reader);
        for (const test of filter.tests) {
          if (!test.holds(reader) && test.miss(reader).why.length > 1000) return false;
        }
      }
      for (const match of matches) if (!match.holds(reader) && match.miss(reader).why.length > 1000) return false;
      return true;
    }),
    RUNS,
  );
  t.pass();
});

t.test('questions', async (t) => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      for (const query of [
        { json: `/${a}=${b}` },
        { json: a },
        { hex: a },
        { text: a },
        { regex: a },
        { remote: a },
        { since: a },
      ]) {
        const filter = allowing(ProblemError, () => messageFilter(query));
        if (filter !== undefined) allowing(JournalError, () => compileFilter(filter));
      }
      for (const match of [
        { text: { contains: a, regex: b } },
        { hex: { startsWith: a } },
        { json: { pointer: a, equals: b } },
        { remote: a },
      ]) {
        allowing(MatchError, () => compileMatch(match));
      }
      allowing(TemplateError, () => compileTemplate(`${a}{{${b}}}`));
    }),
    RUNS,
  );
  t.pass();
});

t.test('responders and templates', async (t) => {
  const told: unknown[] = [];
  const context = {
    counters: new BindingCounters(createCounters(1), 0),
    repliesBefore: 0,
    internalError: (error: unknown) => told.push(error),
  };
  const places = [
    'text',
    'hex',
    'base64',
    'size',
    'json /',
    'json /a',
    'json /a/0/a',
    'upper json /b',
    'crc32 json /a',
    'upper text',
  ];
  const template = { type: 'reply', template: true, text: places.map((name) => `{{${name}}}`).join('|') } as const;
  const responders = [{ type: 'echo' } as const, { type: 'upper' } as const, template].map((spec) =>
    compileBehavior(spec, context),
  );
  const exchange = new Request({ thread: 'shared-1', listener: 'l', localPort: 1 });
  exchange.remote = addressBytes('127.0.0.1');
  fc.assert(
    fc.property(payload, (bytes) => {
      exchange.payload = bytes;
      return responders.every((responder) =>
        responder
          .decide(exchange)
          .actions.every(
            (action) =>
              action.do === 'send' &&
              (typeof action.payload === 'function' ? action.payload(exchange) : action.payload) instanceof Uint8Array,
          ),
      );
    }),
    RUNS,
  );
  t.same(told, []);
});

t.test('codecs lose and add nothing, however the stream is cut', async (t) => {
  fc.assert(
    fc.property(
      fc.array(payload, { maxLength: 5 }),
      fc.constantFrom<Framing>({ type: 'none' }, { type: 'line' }, { type: 'delimiter', text: '{{' }),
      fc.integer({ min: 1, max: 50 }),
      (pieces, framing, maxFrame) => {
        const codec = createCodec({ ...framing, maxFrame });
        const out: Uint8Array[] = [];
        const takeAll = (next: () => Frame | null) => {
          for (let frame = next(); frame !== null; frame = next()) {
            if (frame.payload.length > maxFrame) throw new Error('a frame is too long');
            out.push(Uint8Array.from(frame.payload), Uint8Array.from(frame.terminator));
          }
        };
        for (const bytes of pieces) {
          codec.push(bytes);
          takeAll(() => codec.next());
        }
        takeAll(() => codec.end());
        return Buffer.concat(out).equals(Buffer.concat(pieces));
      },
    ),
    RUNS,
  );
  t.pass();
});

t.test('importers', async (t) => {
  fc.assert(
    fc.property(payload, (bytes) => {
      allowing(ImportError, () => readImport(bytes));
    }),
    RUNS,
  );
  t.pass();
});

t.test('encoders write JSON, and captures, of everything', async (t) => {
  fc.assert(
    fc.property(payload, fc.constantFrom(...PAYLOAD_MODES), (bytes, mode) => {
      const reader = readerOf(message('', { payload: bytes, size: bytes.length }));
      const written = (format: ReadFormat) => {
        const encoder = encoderFor(format, mode);
        encoder.record(reader, listener(), () => '1');
        return Buffer.from(encoder.take()).toString();
      };
      new PcapngWriter().record(reader, listener());
      const event = written('sse');
      const lines = event.split('\n');
      const data = lines.filter((line) => line.startsWith('data: '));
      if (data.length !== 1 || lines.length !== 5) return false;
      const items = [written('json'), written('ndjson'), data[0]!.slice(6)].map((json) => JSON.parse(json));
      return items.every(({ base64, text, hex }) => {
        const shown = base64 ? Buffer.from(base64, 'base64') : hex ? Buffer.from(hex, 'hex') : Buffer.from(text ?? '');
        return mode === 'none' || shown.equals(bytes);
      });
    }),
    RUNS,
  );
  t.pass();
});
