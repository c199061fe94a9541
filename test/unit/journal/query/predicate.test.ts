import fc from 'fast-check';
import t from 'tap';
import { HistoryReader } from '../../../../src/journal/log/history-reader.ts';
import { mayMatch } from '../../../../src/journal/query/conditions.ts';
import { compileFilter } from '../../../../src/journal/query/predicate.ts';
import { addressBytes } from '../../../../src/net/address.ts';
import {
  type Draft,
  KIND_CONNECTION,
  KIND_DROP,
  KIND_GAP,
  KIND_LISTENER,
  NO_PAYLOAD,
} from '../../../../src/records/chunk.ts';
import { summarizeChunk } from '../../../../src/records/chunk-summary.ts';
import type { MessageFilter } from '../../../../src/schemas/reads.ts';
import { A, bench, chunk, instant, listener, message, readerOf, seqsOf } from '../fixtures.ts';

t.setTimeout(120_000);

const start = { major: 0, minor: 0 };

function matches(filter: MessageFilter, draft: Draft): boolean {
  return compileFilter(filter).matches(readerOf(draft));
}

function why(filter: MessageFilter, draft: Draft): string {
  const reader = readerOf(draft);
  const failing = compileFilter(filter).tests.filter((test) => !test.holds(reader));
  return failing.map((test) => test.miss(reader).why).join('; ');
}

t.test('each filter takes what it should, refuses the rest, and says why', (t) => {
  const abc = message('abc');
  const network = { bytes: addressBytes('127.0.0.0'), prefix: 104 };
  const host = { bytes: addressBytes('127.0.0.1'), prefix: 128 };
  const cases: [MessageFilter, Draft, Draft, string][] = [
    [{ direction: 'in' }, abc, message('abc', { direction: 1 }), 'direction is out'],
    [{ direction: 'out' }, message('abc', { direction: 1 }), abc, 'direction is in'],
    [{ minSize: 3 }, abc, message('ab'), 'size 2 is below 3'],
    [{ maxSize: 3 }, abc, message('abcd'), 'size 4 is above 3'],
    [{ minSize: 10 }, message('abc', { size: 12 }), abc, 'size 3 is below 10'],
    [{ text: 'bc' }, abc, message('ABC'), 'text does not contain "bc"'],
    [{ hex: '6163' }, message('bac'), abc, 'byte 1: expected 63, was 62'],
    [{ hex: '61??63' }, abc, message('abd'), 'byte 2: expected 63, was 64'],
    [{ hex: '????????' }, message('abcd'), abc, "its 3 bytes are fewer than the pattern's 4"],
    [{ regex: '^a.c$' }, abc, message('abd'), 'text does not match /^a.c$/'],
    [
      { json: { pointer: '/a/0', text: '4' } },
      message('{"a":[4]}'),
      message('{"a":[5]}'),
      'JSON at "/a/0" is 5, not 4',
    ],
    [
      { json: { pointer: '/a~1b', text: 'null' } },
      message('{"a/b":null}'),
      message('{}'),
      'JSON has nothing at "/a~1b"',
    ],
    [{ json: { pointer: '', text: '4' } }, message('4'), message('x'), 'is not JSON'],
    [{ json: { pointer: '/x', text: '{"y":[1]}' } }, message('{"x":{"y":[1]}}'), abc, 'is not JSON'],
    [{ remote: network }, abc, message('a', { remote: addressBytes('128.0.0.1') }), 'remote is 128.0.0.1:5000'],
    [{ remote: host }, abc, message('a', { remote: addressBytes('::1') }), 'remote is [::1]:5000'],
    [{ remote: { ...host, port: 5000 } }, abc, message('a', { remotePort: 7 }), 'remote is 127.0.0.1:7'],
    [{ connection: 3 }, message('a', { connection: 3 }), message('a', { connection: 36 }), 'connection is c_10'],
    [{ connection: 3 }, message('a', { connection: 3 }), abc, 'belongs to no connection'],
    [{ rule: 'login' }, message('a', { extras: { rule: 'login' } }), abc, 'no rule matched it'],
    [
      { rule: 'login' },
      message('a', { extras: { rule: 'login' } }),
      message('a', { extras: { rule: 'x' } }),
      'rule is x',
    ],
    [{ since: 2e6 }, message('a', { at: instant(2000) }), message('a', { at: instant(1999) }), 'is older than `since`'],
    [
      { until: 2e6 },
      message('a', { at: instant(1999) }),
      message('a', { at: instant(2000) }),
      'is not older than `until`',
    ],
  ];
  for (const [filter, yes, no, reason] of cases) {
    t.ok(matches(filter, yes), JSON.stringify(filter));
    t.notOk(matches(filter, no), reason);
    t.equal(why(filter, no), reason);
  }
  t.ok(matches({ thread: 'shared-1' }, abc));
  t.equal(why({ thread: 'shared-2' }, abc), 'thread is shared-1');
  t.equal(why({ direction: 'out', minSize: 4 }, abc), 'direction is in; size 3 is below 4', 'all that fail');
  t.end();
});

t.test('filters on the content leave records without content alone', (t) => {
  const gap: Draft = { ...message(''), kind: KIND_GAP, payload: NO_PAYLOAD, reason: 'kernel', reference: 1 };
  const connection: Draft = { ...message('', { connection: 2 }), kind: KIND_CONNECTION };
  const kinds = 0x3f;
  for (const filter of [
    { text: 'x' },
    { direction: 'out' as const },
    { minSize: 5 },
    { hex: '00' },
    { regex: 'x' },
    { rule: 'r' },
  ]) {
    t.ok(matches({ ...filter, kinds }, gap));
    t.ok(matches({ ...filter, kinds }, { ...gap, kind: KIND_LISTENER }));
    t.ok(matches({ ...filter, kinds }, connection));
    t.notOk(matches({ ...filter, kinds }, message('abc')));
    t.notOk(matches({ ...filter, kinds }, message('abc', { kind: KIND_DROP })), 'a dropped message has content');
  }
  t.notOk(matches({ connection: 1, kinds }, connection), 'a connection is itself');
  t.notOk(matches({ until: 1, kinds }, gap), 'time concerns all');
  t.notOk(matches({}, gap), 'only messages, unless others are asked for');
  t.end();
});

t.test('text is looked for as bytes', (t) => {
  t.ok(matches({ text: 'ü' }, message('für')));
  t.notOk(matches({ text: 'ü' }, message('', { payload: Uint8Array.of(0xfc) })), 'latin1 is not UTF-8');
  t.ok(matches({ text: '' }, message('')));
  t.ok(matches({ text: '\0' }, message('a\0b')));
  t.end();
});

t.test('a regex looks at text, or at bytes where it is none', (t) => {
  t.ok(matches({ regex: '^für$' }, message('für')));
  t.ok(matches({ regex: '^\\x{ff}\\x00$' }, message('', { payload: Uint8Array.of(255, 0) })));
  t.end();
});

t.test('searching chunks as a whole finds what searching each payload finds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.stringMatching(/^[ab]{0,6}$/), { minLength: 1, maxLength: 8 }), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.stringMatching(/^[ab]{1,3}$/),
      fc.constantFrom('asc' as const, 'desc' as const),
      async (chunks, needle, order) => {
        const { log, pull } = bench();
        log.register(listener());
        for (const each of chunks) log.append([chunk(each.map((text) => message(text)))]);
        log.commit();
        const all = chunks.flat();
        const wanted = all.flatMap((text, i) => (text.includes(needle) ? [i + 1] : []));
        if (order === 'desc') wanted.reverse();
        const hex = Buffer.from(needle).toString('hex');
        for (const filter of [{ text: needle }, { hex }, { hex: `${hex}` }]) {
          const got = seqsOf(await pull({ filter, order }));
          if (got.join() !== wanted.join()) throw new Error(`${got} is not ${wanted}`);
        }
        await log.store.close();
      },
    ),
    { numRuns: 80 },
  );
});

t.test('hex patterns find what a plain search finds', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 12, max: 2 }),
      fc.array(fc.constantFrom('00', '01', '02', '??'), { minLength: 1, maxLength: 4 }),
      (payload, pairs) => {
        const plain = Array.from(payload).some(
          (_, i) =>
            i + pairs.length <= payload.length &&
            pairs.every((pair, j) => pair === '??' || Number.parseInt(pair, 16) === payload[i + j]),
        );
        if (matches({ hex: pairs.join('') }, message('', { payload })) !== plain)
          throw new Error(`${pairs} in ${payload}`);
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

t.test('the notes of a chunk never hide a match', async () => {
  const address = fc.constantFrom('127.0.0.1', '127.0.0.2', '10.1.1.1', '::1', '2001:db8::5').map(addressBytes);
  const draft = fc
    .record({
      text: fc.string({ maxLength: 5 }),
      direction: fc.nat(1),
      remote: address,
      remotePort: fc.nat(5),
      ms: fc.nat(1000),
    })
    .map(({ text, ms, ...more }) => message(text, { ...more, at: instant(1e12 + ms) }));
  const filter: fc.Arbitrary<MessageFilter> = fc.record(
    {
      direction: fc.constantFrom('in' as const, 'out' as const),
      minSize: fc.nat(6),
      maxSize: fc.nat(6),
      since: fc.nat(1000).map((ms) => (1e12 + ms) * 1000),
      until: fc.nat(1000).map((ms) => (1e12 + ms) * 1000),
      thread: fc.constantFrom('shared-1', 'shared-2', 'nobody'),
      remote: fc.record(
        { bytes: address, prefix: fc.constantFrom(96, 104, 128), port: fc.nat(5) },
        { requiredKeys: ['bytes', 'prefix'] },
      ),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(draft, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
      filter,
      async (chunks, filter) => {
        const { log, pull } = bench();
        log.register(listener());
        const predicate = compileFilter(filter);
        const wanted: number[] = [];
        let seq = 0;
        for (const each of chunks) {
          const bytes = chunk(each);
          const reader = new HistoryReader(bytes, start);
          const before = wanted.length;
          while (reader.next()) if (++seq && predicate.matches(reader)) wanted.push(seq);
          if (wanted.length > before && !mayMatch(predicate.conditions, summarizeChunk(reader), 1))
            throw new Error('hidden');
          log.append([bytes]);
        }
        log.commit();
        const got = seqsOf(await pull({ filter, scope: { listener: A } }));
        const all = seqsOf(await pull({ filter, scope: { listeners: [A] } }));
        await log.store.close();
        if (got.join() !== wanted.join() || all.join() !== wanted.join()) throw new Error(`${got} is not ${wanted}`);
      },
    ),
    { numRuns: 150 },
  );
});

t.test('filters that make no sense are refused', (t) => {
  for (const filter of [
    { hex: '0' },
    { hex: 'zz' },
    { hex: '?' },
    { regex: '(' },
    { regex: 'a'.repeat(2000) },
    { regex: '(?=a)b' },
    { regex: '(((a{100}){100}){100})' },
    { json: { pointer: 'a', text: '1' } },
    { json: { pointer: '/~2', text: '1' } },
  ]) {
    t.throws(() => compileFilter(filter), { code: 'filter_invalid' }, JSON.stringify(filter).slice(0, 60));
  }
  t.end();
});

t.test('no pattern and no payload stalls the journal', (t) => {
  const random = Buffer.from(Array.from({ length: 65_000 }, (_, i) => 97 + ((i * i * 7919 + (i >> 3) * 31) % 3)));
  random[64_999] = 'd'.charCodeAt(0);
  const same = Buffer.alloc(65_000, 'a');
  const hostile = [
    ...['(a*)*b', '(x+x+)+y', '(a|aa)+$', '(.*){1,20}[xz]', '(a?){20}a{20}z', '(.*a){20}', '^(a+)+$', '([a-c]+)*d$'],
    ...[
      '[abc]*a[abc]{100}d[abc]',
      '(a[abc]{50}d|b[abc]{50}c)x?d',
      '^(?:.?){50}dd$',
      '(\\w+\\s?)+!$',
      '(?:(?:a|b)*c?){20}d?e$',
    ],
  ];
  for (const regex of hostile) {
    for (const each of [random, same]) {
      const begin = process.cpuUsage().user;
      matches({ regex }, message('', { payload: each, size: each.length }));
      const took = (process.cpuUsage().user - begin) / 1000;
      t.ok(took < 500, `${regex}: ${took.toFixed()} ms`);
    }
  }
  t.end();
});
