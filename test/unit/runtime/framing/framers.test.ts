import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { createFramer, type Framer } from '../../../../src/runtime/framing/framer.ts';

type Emitted = [frame: string, terminator: string];

function run(framer: Framer, pieces: readonly Uint8Array[]): Emitted[] {
  const emitted: Emitted[] = [];
  const emit = (frame: Uint8Array, end: Uint8Array) => {
    emitted.push([Buffer.from(frame).toString('latin1'), Buffer.from(end).toString('latin1')]);
  };
  for (const piece of pieces) framer.push(piece, emit);
  framer.end(emit);
  return emitted;
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const line = (maxFrame: number, ...pieces: string[]) =>
  run(createFramer({ type: 'line', maxFrame }), pieces.map(bytes));

t.test('none: one read is one message, cut at the longest frame', async (t) => {
  const framer = createFramer({ type: 'none', maxFrame: 4 });
  t.same(run(framer, ['abc', 'abcd', 'abcdefghi'].map(bytes)), [
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
