/** No test sleeps in the hope that something has happened by then: time passes in test/support/waiting.ts alone, by name. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const ALLOWED = ['test/support/waiting.ts', 'test/unit/sleeps.test.ts'];
const SLEEP =
  /setTimeout\b[^;]*'node:timers\/promises'|\bsleep\(|setTimeout\((resolve|done)\b|=> (void )?setTimeout\((resolve|done)/;

t.test('no bare sleep in any test', async (t) => {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('test', name));
  t.ok(files.length > 150, 'the tests were found');
  const found = files.filter((file) => !ALLOWED.includes(file) && SLEEP.test(readFileSync(file, 'utf8')));
  t.same(found, []);
});
