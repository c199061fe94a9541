/**
 * The model of concurrent clients: hundreds of them make, rename, replace, send to, read, follow, clear and delete the
 * same listeners of a real service, as a seed draws it. Whatever order that happens in: no two listeners have a name at
 * the same time; seq has no hole and no message changes; streams that are cut and resumed lose nothing and repeat nothing;
 * what was sent is captured or counted as dropped; no answer is an error that the request did not ask for.
 */
import type { Test } from 'tap';
import { type Service, startProcess } from '../../support/process.ts';
import { lasting } from '../../support/waiting.ts';
import { account } from './account.ts';
import { Client } from './client.ts';
import { Draws } from './draws.ts';
import { Follower, follow, followAll } from './following.ts';
import { Http } from './http.ts';
import { clear, create, list, pause, put, remove, rename, replace } from './making.ts';
import { Peers } from './peers.ts';
import { newest, pages, waits } from './reading.ts';
import { send, sendAndLook, sendDatagrams, sendLines } from './sending.ts';
import { World } from './world.ts';

export type Terms = { seed: number; seconds: number; clients: number; flags?: string[] };
export type Outcome = { violations: string[]; violated: number; requests: number; counts: Record<string, number> };

const DEEDS = { create, put, rename, replace, remove, pause, clear, list, send, sendAndLook, sendDatagrams, sendLines };
const LOOKS = { pages, newest, waits, follow, followAll };
const ALL = { ...DEEDS, ...LOOKS };
const WEIGHTS: Record<keyof typeof ALL, number> = {
  ...{ create: 5, put: 4, rename: 5, replace: 4, remove: 3, pause: 1, clear: 1, list: 2 },
  ...{ send: 10, sendAndLook: 10, sendDatagrams: 12, sendLines: 6 },
  ...{ pages: 12, newest: 4, waits: 8, follow: 8, followAll: 2 },
};
/** Of so many clients one follows a listener all the time. */
const FOLLOWERS = 8;

/** Runs it against a service of its own, and stops that. */
export async function model(t: Test, { seed, seconds, clients, flags = [] }: Terms): Promise<Outcome> {
  const service = await startProcess(t, flags, { NODE_OPTIONS: '' });
  const parts = { http: new Http(service.url), world: new World(), peers: await Peers.open() };
  const all = Array.from({ length: clients }, (_, i) => new Client({ ...parts, draws: new Draws(seed * 1000 + i) }));
  const until = performance.now() + seconds * 1000;
  await Promise.all(all.map((client, i) => (i % FOLLOWERS === 0 ? followOn(client, until) : live(client, until))));
  await account(all[0]!, service);
  parts.peers.close();
  parts.http.close();
  await stopped(service, parts.world);
  const { violations, violated, counts } = parts.world;
  return { violations, violated, requests: parts.http.requests, counts };
}

/** One deed after the other. */
async function live(client: Client, until: number): Promise<void> {
  while (performance.now() < until) {
    const deed = client.draws.weighted(WEIGHTS);
    client.world.count(deed);
    await ALL[deed](client).catch((error) => client.world.violate(`${deed}: ${error.stack}`));
    await lasting(client.draws.below(100));
  }
}

/** Follows one listener until it is gone or time is up, and then the rest of what it has: nothing may be missing. */
async function followOn(client: Client, until: number): Promise<void> {
  while (performance.now() < until) {
    const known = client.any();
    if (known === undefined) {
      await create(client);
      continue;
    }
    const follower = new Follower(client, known);
    client.world.count('followOn');
    while (!follower.ended && performance.now() < until)
      await follower.connect(AbortSignal.timeout(50 + client.draws.below(1000)));
    if (!follower.ended) client.world.followers.push(follower);
  }
}

async function stopped(service: Service, world: World): Promise<void> {
  const { code, stdout, stderr } = await service.stop();
  if (code !== 0) world.violate(`the service ended with ${code}: ${stderr}`);
  const errors = stdout.split('\n').filter((line) => /"level":(50|60)/.test(line));
  for (const line of errors) world.violate(`the log says: ${line}`);
}
