/** `npm run requests` is the full one, with 20,000 requests. */
import t from 'tap';
import { startProcess } from '../support/process.ts';
import { run } from './requests.ts';

const REQUESTS = Number(process.env.LISTENPOST_REQUESTS ?? 1000);
const SEED = Number(process.env.LISTENPOST_SEED ?? 8);

t.setTimeout(60_000 + REQUESTS * 50);

t.test(`${REQUESTS} generated requests: every answer is as the document says`, async (t) => {
  const flags = ['--threads', '1', '--max-threads', '4', '--max-listeners', '40'];
  const service = await startProcess(t, flags);
  const { failures, ...figures } = await run(service, REQUESTS, SEED);
  t.comment(JSON.stringify(figures));
  for (const failure of failures) t.fail(failure);
  t.ok((figures.statuses[200] ?? 0) > REQUESTS / 20, 'many were right');
  t.equal((await service.get('/livez')).status, 200, 'the process lives');
  const { code, stdout } = await service.stop();
  t.equal(code, 0);
  const wrong = stdout.split('\n').filter((line) => /"level":(50|60)/.test(line));
  t.same(wrong, [], 'nothing went wrong inside');
});
