/** Reading and echoing datagrams makes no object a datagram: what the collector has to do does not grow with them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { whyNotNative } from '../../../../../src/runtime/native/selftest.ts';
import type { Collections } from './collections.ts';

t.setTimeout(120_000);

/**
 * Minor collections that 200,000 datagrams may cost, with a young generation of 1 MiB: chunks and credit need 3 to 4. The
 * smallest object a datagram would add 6.
 */
const MOST = 8;
const FLAGS = ['--max-semi-space-size=1'];
const reason = whyNotNative();

t.test('no collection more for plain and for echoed datagrams', { skip: reason ?? false }, async (t) => {
  const path = fileURLToPath(new URL('./collections.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, path]);
  const counted = JSON.parse(stdout) as Record<'plain' | 'echo', Collections>;
  for (const [what, { datagrams, minor }] of Object.entries(counted)) {
    t.ok(datagrams >= 200_000, `${what}: ${datagrams} datagrams were read`);
    t.ok(minor <= MOST, `${what}: ${minor} minor collections`);
  }
});
