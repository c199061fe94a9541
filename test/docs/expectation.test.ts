import t from 'tap';
import { isShown } from './expectation.ts';

const text = (shown: string, printed: string) => isShown({ language: 'text', text: shown }, printed);
const json = (shown: string, printed: string) => isShown({ language: 'json', text: shown }, printed);

t.test('text', async (t) => {
  t.ok(text('a\nb\n', 'a  \nb\n\n'), 'white space at the ends is no matter');
  t.ok(text('id: l_…\n', 'id: l_0123\n'));
  t.ok(text('first\n…\nlast\n', 'first\n2\n3\nlast\n'), 'a line of dots is any number of lines');
  t.ok(text('first\n…\n', 'first\n'));
  t.notOk(text('a\n', 'a\nb\n'));
  t.notOk(text('id: …\n', 'id: 1\nmore\n'), 'dots in a line stay in it');
  t.notOk(text('a.c\n', 'abc\n'), 'no other sign is special');
  t.notOk(text('a\n', ''));
});

t.test('JSON', async (t) => {
  t.ok(json('{ "a": [1, 2],\n "b": "x y" }', '{"a":[1,2],"b":"x y"}'));
  t.ok(json('{"id": "l_…", "port": …, "more": {…}}', '{"id":"l_1","port":41234,"more":{"a":1}}'));
  t.ok(json('{"a": 1}\n{"a": 2}', '{\n  "a": 1\n}\n{\n  "a": 2\n}\n'), 'one after the other');
  t.notOk(json('{"a": 1}', '{"a":2}'));
  t.notOk(json('{"a": 1}', '{"a":1,"b":2}'));
  t.notOk(json('{"a": "x y"}', '{"a":"xy"}'), 'white space in strings counts');
});
