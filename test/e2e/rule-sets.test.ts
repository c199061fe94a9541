/** `npm run rules` is the full one, with 10,000 lists of rules. LISTENPOST_SEED takes the seed that a run before has printed. */
import t from 'tap';
import { startProcess } from '../support/process.ts';
import { run } from './rule-sets.ts';

const SETS = Number(process.env.LISTENPOST_RULE_SETS ?? 150);
const SEED = Number(process.env.LISTENPOST_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** MiB that the service may grow by once it has warmed up. */
const GROWTH = 200;

t.setTimeout(60_000 + SETS * 200);

t.test(`${SETS} random lists of rules and random messages: nothing breaks`, async (t) => {
  t.comment(`seed ${SEED}`);
  const service = await startProcess(t, ['--threads', '2', '--max-threads', '2']);
  const { memory, ...figures } = await run(service, SETS, SEED);
  t.comment(JSON.stringify({ ...figures, memory }));
  t.ok(figures.taken > SETS / 5 && figures.refused > SETS / 5, 'many are taken, and many are not');
  const [warm, end] = [memory[Math.floor(memory.length / 2)]!, memory.at(-1)!];
  t.ok(end < warm + GROWTH, `${warm} MiB half way, ${end} MiB at the end`);
  await service.put('/v1/listeners/u/rules', {
    rules: [{ when: { text: { equals: 'PING' } }, then: [{ reply: { text: 'PONG' } }] }],
    state: {},
    fields: {},
    otherwise: [],
  });
  const asked = await service.post('/v1/sends', {
    protocol: 'udp',
    to: { listener: 'u' },
    text: 'PING',
    expectReply: { timeout: '10s' },
  });
  t.match(asked.body.replies, [{ text: 'PONG' }], 'and it still answers');
  const { code, stdout } = await service.stop();
  t.equal(code, 0);
  t.same(
    stdout.split('\n').filter((line) => /"level":(50|60)/.test(line)),
    [],
    'nothing went wrong inside',
  );
});
