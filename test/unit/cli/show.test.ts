/** What people see: payloads made safe for terminals, quantities, the bar. */
import t from 'tap';
import { printable, spacedHex } from '../../../src/cli/show/printable.ts';
import { Progress } from '../../../src/cli/show/progress.ts';
import { bytes, count, elapsed } from '../../../src/cli/show/quantity.ts';
import { table } from '../../../src/cli/show/table.ts';
import { betweenLooks } from '../../support/waiting.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

t.test('a payload is one line that no terminal obeys', async (t) => {
  const cases: [Uint8Array, string][] = [
    [utf8('Hola, señor 👋'), 'Hola, señor 👋'],
    [utf8('a\tb\r\n'), 'a\\tb\\r\\n'],
    [utf8('\u001b]0;title\u0007'), '\\x1b]0;title\\x07'],
    [utf8('C:\\n'), 'C:\\\\n'],
    [utf8('\u009b31m \u202eback \u2028'), '\\x9b31m \\u202eback \\u2028'],
    [Uint8Array.of(0xff, 0x41, 0x0a, 0x5c, 0), '\\xffA\\n\\\\\\x00'],
    [new Uint8Array(), ''],
  ];
  for (const [payload, shown] of cases) t.equal(printable(payload), shown);
  t.equal(spacedHex(Uint8Array.of(0, 255, 16)), '00 ff 10');
});

t.test('quantities', async (t) => {
  t.same([count(1, 'byte'), count(1200, 'byte')], ['1 byte', '1,200 bytes']);
  t.same([bytes(1023), bytes(1536), bytes(3 * 1024 ** 3)], ['1,023 bytes', '1.5 KiB', '3.0 GiB']);
  t.same([elapsed(0.26), elapsed(1500)], ['0.3 ms', '1.50 s']);
  t.same(
    table([
      ['A', 'LONG'],
      ['value', 'x'],
    ]),
    ['A      LONG', 'value  x'],
  );
});

t.test('a bar is drawn when it takes long, and leaves no trace', async (t) => {
  const drawn: string[] = [];
  const progress = new Progress({ write: (text: string) => drawn.push(text) });
  progress.update(0.1, 'early');
  progress.end();
  t.same(drawn, [], 'not for what is soon over');
  const deadline = performance.now() + 5000;
  while (drawn.length === 0 && performance.now() < deadline) {
    await betweenLooks(20);
    progress.update(0.5, '5 payloads');
  }
  t.match(drawn[0], /█{12}░{12}.* 50 % 5 payloads/);
  progress.update(0.6, 'too soon');
  progress.end();
  t.same(drawn.slice(1), ['\r\u001b[K']);
  new Progress(undefined).update(0.5, 'nobody looks');
});
