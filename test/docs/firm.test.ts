/** The claim of the client: with waits and no sleep a harness does not flake, and strays do not get by. */
import t from 'tap';
import { strays, withWaits } from '../../bench/micro/flaky.ts';
import { client } from '../unit/client/rig.ts';

const RUNS = 100;
const STRAYS = 20;

const service = await client(t);

t.test(`${RUNS} runs with delays from 0 to 300 ms`, async (t) => {
  t.same(await withWaits(service, RUNS), { runs: RUNS, failed: 0, errors: [] });
});

t.test(`${STRAYS} planted strays among ${2 * STRAYS} runs`, async (t) => {
  t.same(await strays(service, STRAYS), { runs: 2 * STRAYS, failed: 0, errors: [] });
});
