import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import t, { type Test } from 'tap';
import { createLog } from '../../src/log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const POLICY = {
  bind: ['127.0.0.0/8', '::1'],
  send: ['127.0.0.0/8', '::1', '10.0.0.0/8'],
  hosts: ['127.0.0.0/8', '::1', 'localhost', 'ci.example'],
  origins: ['https://a.example'],
  token: false,
};

function lines(t: Test, isTerminal: boolean): string[] {
  const file = join(temporaryDirectory(t), 'log');
  const log = createLog('info', { fd: openSync(file, 'w'), isTerminal });
  log.info({ url: 'http://x', docs: 'http://x/docs', policy: POLICY }, 'up on http://x');
  log.debug('not shown');
  return readFileSync(file, 'utf8').trim().split('\n');
}

t.test('JSON, one line an event', async (t) => {
  const [line, ...rest] = lines(t, false);
  t.match(JSON.parse(line!), {
    level: 30,
    url: 'http://x',
    msg: 'up on http://x',
    policy: POLICY,
    time: /^\d{4}-\d\d-\d\dT/,
  });
  t.same(rest, []);
});

t.test('readable on a terminal', async (t) => {
  const text = stripVTControlCharacters(lines(t, true).join('\n'));
  t.match(text, /INFO.*up on http:\/\/x/);
  t.match(text, /docs: "http:\/\/x\/docs"/);
  t.match(text, /policy: listeners bind loopback only; sends go to loopback and 10\.0\.0\.0\/8; no token; serves ci/);
  t.notMatch(text, /not shown/);
  t.equal(text.split('\n').length, 3, 'three lines');
});
