/** `npm run model` is the long one. The same seed draws the same deeds; in which order the service meets them, it doesn't. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { model } from './model/model.ts';

const SEED = Number(process.env.LISTENPOST_MODEL_SEED ?? 20_260_301);
const SECONDS = Number(process.env.LISTENPOST_MODEL_SECONDS ?? 5);
const CLIENTS = Number(process.env.LISTENPOST_MODEL_CLIENTS ?? 200);

t.setTimeout(300_000 + SECONDS * 8000);

const data = mkdtempSync(join(tmpdir(), 'listenpost-'));
t.teardown(() => rmSync(data, { recursive: true, force: true }));

for (const [where, flags] of [
  ['in memory', []],
  ['in a file', ['--data', data]],
] as const) {
  t.test(`${CLIENTS} clients at once see one service, ${where}`, async (t) => {
    const outcome = await model(t, { seed: SEED, seconds: SECONDS, clients: CLIENTS, flags: [...flags] });
    const { violations, violated, requests, counts } = outcome;
    t.comment(`seed ${SEED}: ${requests} requests, ${JSON.stringify(counts)}`);
    t.same(violations, [], `${violated} violations`);
  });
}
