import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createLog } from '../../src/log.ts';

function lines(t: Test, isTerminal: boolean): string[] {
  const file = join(t.testdir({}), 'log');
  const log = createLog('info', { fd: openSync(file, 'w'), isTerminal });
  log.info({ url: 'http://x' }, 'up');
  log.debug('not shown');
  return readFileSync(file, 'utf8').trim().split('\n');
}

t.test('JSON, one line an event', async (t) => {
  const [line, ...rest] = lines(t, false);
  t.match(JSON.parse(line!), { level: 30, url: 'http://x', msg: 'up', time: /^\d{4}-\d\d-\d\dT/ });
  t.same(rest, []);
});

t.test('readable on a terminal', async (t) => {
  const text = lines(t, true).join('\n');
  t.match(text, /INFO.*up/);
  t.match(text, /url: "http:\/\/x"/);
  t.notMatch(text, /not shown/);
});
