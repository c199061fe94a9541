import fc from 'fast-check';
import t from 'tap';
import { LiteralIndex } from '../../../../src/journal/query/literal-index.ts';

t.setTimeout(120_000);

t.test('every literal that is there is among the candidates', (t) => {
  const literal = fc.stringMatching(/^[abc]{4,8}$/);
  fc.assert(
    fc.property(fc.array(literal, { maxLength: 20 }), fc.stringMatching(/^[abc]{0,60}$/), (literals, text) => {
      const index = new LiteralIndex<string>();
      for (const each of literals) index.add(Buffer.from(each), each);
      const candidates = index.candidates(Buffer.from(`..${text}`), 2);
      for (const each of literals)
        if (text.includes(each) && !candidates.has(each)) throw new Error(`${each} in ${text}`);
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('what was taken out is no candidate any more', (t) => {
  const index = new LiteralIndex<string>();
  const bytes = Buffer.from('xx-needle-xx');
  const take = index.add(Buffer.from('needle'), 'first');
  index.add(Buffer.from('needle'), 'second');
  t.same([...index.candidates(bytes, 0)].sort(), ['first', 'second']);
  take();
  t.same([...index.candidates(bytes, 0)], ['second']);
  t.same([...index.candidates(bytes, 9)], []);
  t.notOk(LiteralIndex.holds(Buffer.from('abc')), 'too short');
  t.notOk(LiteralIndex.holds(undefined));
  t.end();
});

t.test('literals with a common beginning are told apart', (t) => {
  const index = new LiteralIndex<number>();
  for (let i = 0; i < 1000; i++) index.add(Buffer.from(`request-id=${String(i).padStart(6, '0')}`), i);
  const candidates = index.candidates(Buffer.from('GET request-id=000777'), 0);
  t.ok(candidates.has(777));
  t.ok(candidates.size < 100, `${candidates.size} of 1000`);
  t.end();
});
