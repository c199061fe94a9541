/**
 * Takes out of package-lock.json which Node the dependencies ask for, where it is a newer one than npm may be running on:
 * they run on the Node that comes along, so `npm ci` has no reason to warn. npm keeps the lock as it is.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const FILE = new URL('../package-lock.json', import.meta.url);
const semver = createRequire(import.meta.url)('semver');
/** The oldest Node that `npm ci` may run on. */
const OLDEST = '20.19.0';

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
for (const entry of Object.values(lock.packages)) {
  if (entry.engines?.node !== undefined && !semver.satisfies(OLDEST, entry.engines.node)) delete entry.engines;
}
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
