import fc from 'fast-check';
import t from 'tap';
import { ByteWriter } from '../../../../src/journal/encode/byte-writer.ts';
import { writeTime } from '../../../../src/journal/encode/time-text.ts';
import { addressBytes } from '../../../../src/net/address.ts';
import {
  type Draft,
  KIND_CONNECTION,
  KIND_DROP,
  KIND_GAP,
  KIND_LISTENER,
  KIND_PROBLEM,
  NO_PAYLOAD,
} from '../../../../src/records/chunk.ts';
import { listenerId } from '../../../../src/records/ids.ts';
import type { PayloadMode } from '../../../../src/schemas/reads.ts';
import { A, bench, chunk, type Item, itemsOf, listener, message } from '../fixtures.ts';

t.setTimeout(120_000);

const at = { seconds: 1_760_000_000, nanos: 123_456_789 };
const id = listenerId(A);

async function shown(draft: Draft, payload: PayloadMode = 'full'): Promise<Item> {
  const { log, pull } = bench();
  log.register(listener());
  log.append([chunk([draft])]);
  log.commit();
  const [item] = itemsOf(await pull({ payload, filter: { kinds: 0x3f } }));
  await log.store.close();
  return item!;
}

t.test('a message has the shape of the contract', async (t) => {
  t.same(await shown(message('héllo', { at })), {
    ...{ seq: 1, listenerId: id, kind: 'message', direction: 'in', protocol: 'udp', at: '2025-10-09T08:53:20.123456Z' },
    ...{ elapsedNs: 1e6, remote: { address: '127.0.0.1', port: 5000 }, local: { address: '127.0.0.1', port: 2323 } },
    ...{ thread: 'shared-1', size: 6, text: 'héllo', base64: 'aMOpbGxv', truncated: false },
  });
});

t.test('what not every message has', async (t) => {
  const extras = { rule: 'login', fault: '{"delayMs":20}', local: '[::1]:99', sendId: 's_1' };
  const item = await shown(message('x', { direction: 1, connection: 37, size: 100, extras }));
  t.match(item, { direction: 'out', connectionId: 'c_11', size: 100, truncated: true, sendId: 's_1', rule: 'login' });
  t.same(item.fault, { delayMs: 20 });
  t.same(item.local, { address: '::1', port: 99 });
  t.same((await shown(message('x', { extras: { local: '10.0.0.1:5' } }))).local, { address: '10.0.0.1', port: 5 });
  t.same((await shown(message('x', { extras: { local: '10.0.0.1', fault: 'lost' } }))).local, {
    address: '10.0.0.1',
    port: 2323,
  });
  t.equal((await shown(message('x', { extras: { fault: 'lost' } }))).fault, 'lost');
  t.same((await shown(message('x', { remote: undefined }))).remote, null);
  t.same((await shown(message('x', { remote: addressBytes('2001:db8::1') }))).remote, {
    address: '2001:db8::1',
    port: 5000,
  });
});

t.test('payload modes', async (t) => {
  const text = message('a\t"\\\r\n');
  const binary = message('', { payload: Uint8Array.of(0, 255), size: 2 });
  const members = async (draft: Draft, mode: PayloadMode) => {
    const { text, base64, hex } = await shown(draft, mode);
    return { text, base64, hex };
  };
  const only = (more: object) => ({ text: undefined, base64: undefined, hex: undefined, ...more });
  t.same(await members(text, 'full'), only({ text: 'a\t"\\\r\n', base64: 'YQkiXA0K' }));
  t.same(await members(text, 'text'), only({ text: 'a\t"\\\r\n' }));
  t.same(await members(text, 'base64'), only({ base64: 'YQkiXA0K' }));
  t.same(await members(text, 'hex'), only({ hex: '6109225c0d0a' }));
  t.same(await members(text, 'none'), only({}));
  t.same(await members(binary, 'full'), only({ base64: 'AP8=' }));
  t.same(await members(binary, 'text'), only({ base64: 'AP8=' }), 'base64 where text is impossible');
  t.same(await members(message(''), 'full'), only({ text: '', base64: '' }));
  for (const control of ['\0', '\x1b', '\x7f']) t.equal((await shown(message(`a${control}`))).text, undefined);
});

t.test('any payload comes out as it went in', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }),
          fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
        ),
        {
          minLength: 1,
          maxLength: 10,
        },
      ),
      async (payloads) => {
        const { log, pull } = bench();
        log.register(listener());
        log.append([chunk(payloads.map((payload) => message('', { payload, size: payload.length })))]);
        log.commit();
        const full = itemsOf(await pull());
        const hex = itemsOf(await pull({ payload: 'hex' }));
        await log.store.close();
        payloads.forEach((payload, i) => {
          const bytes = Buffer.from(payload);
          if (full[i]?.base64 !== bytes.toString('base64')) throw new Error(`base64 of ${bytes.toString('hex')}`);
          if (hex[i]?.hex !== bytes.toString('hex')) throw new Error(`hex of ${bytes.toString('hex')}`);
          if (full[i]?.text !== textOf(bytes)) throw new Error(`text of ${bytes.toString('hex')}`);
        });
      },
    ),
    { numRuns: 40 },
  );
  t.pass();
});

function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the rule
  return Buffer.from(text).equals(bytes) && !/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text) ? text : undefined;
}

t.test('other records carry afterSeq and say what happened', async (t) => {
  const plain = { ...message(''), payload: NO_PAYLOAD, at };
  const base = { afterSeq: 0, listenerId: id, at: '2025-10-09T08:53:20.123456Z', elapsedNs: 1e6, thread: 'shared-1' };
  const remote = { address: '127.0.0.1', port: 5000 };
  t.same(await shown({ ...plain, kind: KIND_CONNECTION, connection: 1 }), {
    ...base,
    kind: 'connection',
    phase: 'opened',
    remote,
    connectionId: 'c_1',
  });
  t.match(await shown({ ...plain, kind: KIND_CONNECTION, connection: 1, direction: 1 }), { phase: 'closed' });
  const closing = { reason: 'requested', reset: true } as const;
  const detail = { text: '{"detail":"ETIMEDOUT"}' };
  const ended = { ...plain, kind: KIND_CONNECTION, connection: 1, direction: 1, closing, extras: detail };
  t.same(await shown({ ...ended, leg: 'upstream' }), {
    ...base,
    kind: 'connection',
    phase: 'closed',
    reason: 'requested',
    mode: 'rst',
    leg: 'upstream',
    detail: 'ETIMEDOUT',
    remote,
    connectionId: 'c_1',
  });
  t.match(await shown({ ...plain, kind: KIND_CONNECTION, connection: 1, direction: 2 }), { phase: 'tlsFailed' });
  t.equal((await shown({ ...message('x'), leg: 'client' })).leg, 'client');
  t.equal((await shown(message('x'))).leg, undefined);
  t.same(await shown({ ...plain, kind: KIND_GAP, reason: 'kernel', reference: 7 }), {
    ...base,
    kind: 'gap',
    reason: 'kernel',
    dropped: 7,
  });
  t.same(await shown({ ...plain, kind: KIND_LISTENER, extras: { text: '{"state":"paused"}' } }), {
    ...base,
    kind: 'listener',
    state: 'paused',
  });
  t.same(await shown({ ...plain, kind: KIND_PROBLEM, extras: { text: '"odd"' } }), {
    ...base,
    kind: 'problem',
    detail: 'odd',
  });
  t.match(await shown({ ...message('gone'), kind: KIND_DROP, at }), {
    afterSeq: 0,
    seq: undefined,
    kind: 'drop',
    direction: 'in',
    text: 'gone',
  });
});

/** What a cursor ends in: the epoch it was given out in. */
const EPOCH = /~[0-9a-z]+/g;

t.test('one record has one form in every format', async (t) => {
  const { log, pull } = bench();
  log.register(listener());
  log.append([
    chunk([message('a'), { ...message(''), kind: KIND_GAP, payload: NO_PAYLOAD, reference: 1 }, message('b\rc')]),
  ]);
  log.commit();
  const read = async (format: 'json' | 'ndjson' | 'sse', scope: object = { listener: A }) =>
    Buffer.from((await pull({ format, scope: scope as never, filter: { kinds: 0x3f } })).body).toString();
  const objects = JSON.parse(`[${await read('json')}]`);
  t.same(
    (await read('ndjson'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    objects,
  );
  const events = (await read('sse'))
    .split('\n\n')
    .slice(0, -1)
    .map((event) => event.split('\n'));
  t.same(
    events.map(([event, cursor]) => [event, cursor!.replace(EPOCH, '~')]),
    [
      ['event: message', 'id: 1~'],
      ['event: gap', 'id: 1.1~'],
      ['event: message', 'id: 2~'],
    ],
  );
  t.equal(new Set(events.map(([, cursor]) => cursor!.split('~')[1])).size, 1, 'all of one epoch');
  t.same(
    events.map(([, , data]) => JSON.parse(data!.replace('data: ', ''))),
    objects,
  );
  t.notOk((await read('sse')).includes('\r'), 'no payload can forge a line');
  t.match(await read('sse', { listeners: null }), /^event: message\nid: j1\.1~[0-9a-z]+\n/);
  await t.rejects(pull({ format: 'pcapng' }), { code: 'export_gone' });
});

t.test('streams and exports tell what is no longer there', async (t) => {
  const { log, pull } = bench();
  const book = log.register(listener());
  log.append([chunk(['a', 'b', 'c'].map((text) => message(text)))]);
  log.clear(book, 3);
  log.commit();
  const text = async (format: 'sse' | 'ndjson', kinds: number) =>
    Buffer.from((await pull({ format, after: '0', filter: { kinds } })).body).toString();
  const gap = { afterSeq: 0, listenerId: id, kind: 'gap', reason: 'cleared', dropped: 2, fromSeq: 1, toSeq: 2 };
  const events = (await text('sse', 5)).replaceAll(EPOCH, '~');
  t.match(events, `event: gap\nid: 2~\ndata: ${JSON.stringify(gap)}\n\nevent: message\nid: 3~\n`);
  t.same(JSON.parse((await text('ndjson', 5)).split('\n')[0]!), gap);
  t.match(await text('sse', 1), /^event: message\nid: 3~/, 'unless gaps are not asked for');
});

t.test('numbers and times', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 9, 10, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1)),
      (number) => {
        const writer = new ByteWriter();
        writer.integer(number);
        writer.byte(0x2c);
        t.equal(Buffer.from(writer.take()).toString(), `${number},`);
      },
    ),
  );
  fc.assert(
    fc.property(fc.nat(4e9), fc.nat(999_999), (seconds, micros) => {
      const writer = new ByteWriter();
      writeTime(writer, seconds * 1e6 + micros);
      const wanted = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${`${micros}`.padStart(6, '0')}Z`;
      t.equal(Buffer.from(writer.take()).toString(), wanted);
    }),
  );
  t.end();
});
