import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { createCodec } from '../../../../src/runtime/framing/codecs.ts';
import type { FrameCodec } from '../../../../src/runtime/framing/frame-codec.ts';

type Emitted = [frame: string, terminator: string];

/** Pushes the pieces one by one, taking every frame that is whole, and ends the stream. */
function run(codec: FrameCodec, pieces: readonly Uint8Array[]): Emitted[] {
  const emitted: Emitted[] = [];
  const takeAll = (next: () => ReturnType<FrameCodec['next']>) => {
    for (let frame = next(); frame !== null; frame = next()) {
      emitted.push([latin1(frame.payload), latin1(frame.terminator)]);
    }
  };
  for (const piece of pieces) {
    codec.push(piece);
    takeAll(() => codec.next());
  }
  takeAll(() => codec.end());
  return emitted;
}

const latin1 = (frame: Uint8Array) => Buffer.from(frame).toString('latin1');
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const line = (maxFrame: number, ...pieces: string[]) => run(createCodec({ type: 'line', maxFrame }), pieces.map(bytes));

t.test('none: one read is one message, cut at the longest frame', async (t) => {
  const codec = createCodec({ type: 'none', maxFrame: 4 });
  t.same(run(codec, ['abc', 'abcd', 'abcdefghi'].map(bytes)), [
    ['abc', ''],
    ['abcd', ''],
    ['abcd', ''],
    ['efgh', ''],
    ['i', ''],
  ]);
});

t.test('line: LF and CRLF end a message and are told apart', async (t) => {
  t.same(line(100, 'a\nb\r\n\n\r\nlast'), [
    ['a', '\n'],
    ['b', '\r\n'],
    ['', '\n'],
    ['', '\r\n'],
    ['last', ''],
  ]);
  t.same(line(100, 'a\rb\n'), [['a\rb', '\n']], 'a lone CR is part of the line');
  t.same(line(100, 'ab', 'c\r', '\nd', '\n'), [
    ['abc', '\r\n'],
    ['d', '\n'],
  ]);
});

t.test('line: a line that is too long is cut and goes on', async (t) => {
  t.same(line(4, 'abcdefghij\r\n'), [
    ['abcd', ''],
    ['efgh', ''],
    ['ij', '\r\n'],
  ]);
  t.same(line(4, 'abcd\r', '\n'), [['abcd', '\r\n']], 'a CRLF just after the longest frame is not cut in two');
});

t.test('line: what comes out does not depend on how the stream was cut, and no byte is lost', async (t) => {
  const stream = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n'), maxLength: 60 });
  const cuts = fc.array(fc.nat(60), { maxLength: 12 });
  fc.assert(
    fc.property(stream, cuts, fc.integer({ min: 1, max: 8 }), (text, at, maxFrame) => {
      const whole = line(maxFrame, text);
      const edges = [0, ...at.map((n) => Math.min(n, text.length)).sort((a, b) => a - b), text.length];
      const pieces = edges.slice(1).map((edge, i) => text.slice(edges[i], edge));
      assert.deepEqual(line(maxFrame, ...pieces), whole);
      assert.equal(whole.map(([frame, end]) => frame + end).join(''), text);
      assert.ok(whole.every(([frame]) => frame.length <= maxFrame && !frame.includes('\n')));
    }),
    { numRuns: 500 },
  );
  t.pass('500 streams');
});

const delimited = (options: { text: string; keep?: boolean; maxFrame?: number }, ...pieces: string[]) =>
  run(createCodec({ type: 'delimiter', ...options }), pieces.map(bytes));

t.test('delimiter: any bytes end a message, wherever a read was cut', async (t) => {
  t.same(delimited({ text: '\r\n.\r\n' }, 'a\r\nb\r', '\n.\r', '\nc\r\n.\r\n', 'rest'), [
    ['a\r\nb', '\r\n.\r\n'],
    ['c', '\r\n.\r\n'],
    ['rest', ''],
  ]);
  t.same(delimited({ text: '||', keep: true }, 'a||b|', '|'), [
    ['a||', ''],
    ['b||', ''],
  ]);
  t.same(run(createCodec({ type: 'delimiter', hex: '00 ff' }), [Uint8Array.of(1, 0, 255, 2, 0, 255)]), [
    ['\x01', '\x00\xff'],
    ['\x02', '\x00\xff'],
  ]);
  t.same(delimited({ text: '||', maxFrame: 4 }, 'abcdefghi||'), [
    ['abcd', ''],
    ['efgh', ''],
    ['i', '||'],
  ]);
});

t.test('delimiter: what goes out gets it, unless it ends in it', async (t) => {
  const codec = createCodec({ type: 'delimiter', text: '\r\n' });
  t.equal(latin1(codec.encode(bytes('a'))), 'a\r\n');
  t.equal(latin1(codec.encode(bytes('a\r\n'))), 'a\r\n');
  t.equal(latin1(codec.encode(bytes(''))), '\r\n');
  t.equal(latin1(codec.encode(bytes('\n'))), '\n\r\n');
});

t.test('delimiter: cuts do not show, no byte is lost, and what was encoded is decoded', async (t) => {
  const stream = fc.string({ unit: fc.constantFrom('a', 'b', '|'), maxLength: 60 });
  const cuts = fc.array(fc.nat(60), { maxLength: 12 });
  fc.assert(
    fc.property(
      stream,
      cuts,
      fc.integer({ min: 1, max: 8 }),
      fc.constantFrom('|', '||', 'ab|'),
      (text, at, maxFrame, end) => {
        const options = { text: end, maxFrame };
        const whole = delimited(options, text);
        const edges = [0, ...at.map((n) => Math.min(n, text.length)).sort((a, b) => a - b), text.length];
        const pieces = edges.slice(1).map((edge, i) => text.slice(edges[i], edge));
        assert.deepEqual(delimited(options, ...pieces), whole);
        assert.equal(whole.map(([frame, terminator]) => frame + terminator).join(''), text);
        assert.ok(whole.every(([frame]) => frame.length <= maxFrame));
      },
    ),
    { numRuns: 1000 },
  );
  const payload = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 20 });
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 8 }), (payloads) => {
      const codec = createCodec({ type: 'delimiter', text: '||' });
      const wire = payloads.map((one) => latin1(codec.encode(bytes(one)))).join('');
      assert.deepEqual(
        delimited({ text: '||' }, wire).map(([frame]) => frame),
        payloads,
      );
    }),
    { numRuns: 200 },
  );
  t.pass('1,200 streams');
});

t.test('rest gives back what is in no frame yet, and the next framing goes on with it', async (t) => {
  for (const framing of [{ type: 'none' }, { type: 'line' }, { type: 'delimiter', text: '\n' }] as const) {
    const codec = createCodec(framing);
    codec.push(bytes('one\ntw'));
    if (framing.type !== 'none') t.equal(latin1(codec.next()!.payload), 'one');
    t.equal(latin1(codec.rest()), framing.type === 'none' ? 'one\ntw' : 'tw');
    t.equal(codec.next() ?? codec.end(), null, 'nothing is left');
  }
});
