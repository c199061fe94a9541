/** Making, renaming, changing and deleting listeners. */
import type { Client } from './client.ts';
import { type Kind, Known } from './world.ts';

/** Few names, so that many want the same one. */
const NAMES = Array.from({ length: 40 }, (_, i) => `name-${i}`);
/** Beyond so many more are deleted than made. */
const MANY = 60;

const SPECS: Record<Kind, object> = {
  plain: { protocol: 'udp' },
  echo: { protocol: 'udp', responder: { type: 'echo' } },
  small: { protocol: 'udp', capture: { maxMessages: 20 } },
  tcp: { protocol: 'tcp', tcp: { framing: { type: 'line' } } },
};
const KINDS = Object.keys(SPECS) as Kind[];

function specOf(kind: Kind): object {
  return { ...SPECS[kind], labels: { kind } };
}

export async function create(client: Client): Promise<void> {
  const { http, world, draws } = client;
  if (world.live.length > MANY) return remove(client);
  const kind = draws.of(KINDS)!;
  const name = draws.of(NAMES)!;
  const hold = world.names.ask(name);
  const answer = await http.ask('POST', '/v1/listeners', { ...specOf(kind), name });
  if (answer.status === 201) return given(client, { name, hold, kind }, answer.body);
  if (answer.status === 409 && answer.body.code === 'name_in_use') return world.names.refused(name, hold);
  world.names.withdraw(name, hold);
  client.wrong('POST /v1/listeners', answer);
}

/** PUT makes it, or finds it as it is, or says how it differs. */
export async function put(client: Client): Promise<void> {
  const { http, world, draws } = client;
  const kind = draws.of(KINDS)!;
  const name = draws.of(NAMES)!;
  const hold = world.names.ask(name);
  const answer = await http.ask('PUT', `/v1/listeners/${name}`, specOf(kind));
  if (answer.status === 201) return given(client, { name, hold, kind }, answer.body);
  if (answer.status === 409 && answer.body.code === 'conflict') return world.names.refused(name, hold);
  world.names.withdraw(name, hold);
  if (answer.status !== 200) client.wrong(`PUT ${name}`, answer);
  else if (answer.body.labels.kind !== kind) world.violate(`PUT ${name} of ${kind} found ${answer.body.labels.kind}`);
}

type Made = { name: string; hold: ReturnType<Client['world']['names']['ask']>; kind: Kind };

// biome-ignore lint/suspicious/noExplicitAny: a listener as the API shows it
function given({ world }: Client, { name, hold, kind }: Made, body: any): void {
  world.names.given(name, hold, body.id);
  if (body.name !== name) world.violate(`${body.id} was to be ${name}, and is ${body.name}`);
  if (body.state !== 'listening') world.violate(`${body.id} was made and is ${body.state}`);
  world.add(new Known(body.id, kind, body.address));
}

export async function rename(client: Client): Promise<void> {
  const { world, draws } = client;
  const known = client.any();
  if (known === undefined || known.renaming) return;
  known.renaming = true;
  const name = draws.of(NAMES)!;
  const before = world.names.giveUp(known.id);
  const hold = world.names.ask(name);
  const answer = await client.about(known, ['PATCH', '', { name }], [200, 409]);
  known.renaming = false;
  if (answer?.status === 200) {
    world.names.gone(before);
    world.names.given(name, hold, known.id);
    if (answer.body.name !== name) world.violate(`${known.id} was renamed ${name}, and is ${answer.body.name}`);
    if (known.dying) world.names.giveUp(known.id);
    return;
  }
  if (answer === undefined) {
    world.names.gone(before);
    world.names.withdraw(name, hold);
  } else {
    world.names.refused(name, hold);
    if (!known.dying) world.names.kept(before);
  }
}

/** Gives it another address; it keeps its id, its messages and its numbers. */
export async function replace(client: Client): Promise<void> {
  const known = client.any(({ replacing }) => !replacing);
  if (known === undefined) return;
  known.replacing = true;
  const host = known.host === '127.0.0.1' ? '127.0.0.2' : '127.0.0.1';
  const spec = { ...specOf(known.kind), host };
  await known.disturb(async () => {
    const answer = await client.about(known, ['PUT', '?replace=true', spec], [200]);
    known.moveTo(answer?.body.address);
    // Somebody may have paused it once it was there.
    if (answer !== undefined && !known.dying && !['listening', 'paused'].includes(answer.body.state))
      client.world.violate(`${known.id} was replaced and is ${answer.body.state}`);
  });
  known.replacing = false;
}

export async function remove(client: Client): Promise<void> {
  const { world, http } = client;
  const known = client.any();
  if (known === undefined) return;
  known.dying = true;
  const names = world.names.giveUp(known.id);
  await known.disturb(async () => {
    const answer = await http.ask('DELETE', known.path);
    world.names.gone(names);
    if (answer.status !== 204) client.wrong(`DELETE ${known.path}`, answer);
    const after = await http.ask('GET', known.path);
    if (after.status !== 404) client.wrong(`GET ${known.path} after its deletion`, after);
  });
}

/** It stays bound and counts what it drops. */
export async function pause(client: Client): Promise<void> {
  const known = client.any(({ kind, paused }) => kind !== 'tcp' && !paused);
  if (known === undefined) return;
  known.paused = true;
  await known.disturb(async () => {
    for (const paused of [true, false]) {
      const answer = await client.about(known, ['PATCH', '', { paused }], [200]);
      if (answer !== undefined && answer.body.paused !== paused) client.wrong(`PATCH ${known.path}`, answer);
    }
  });
  known.paused = false;
}

export async function clear(client: Client): Promise<void> {
  const known = client.any();
  if (known === undefined) return;
  known.forgets = true;
  const before = client.draws.chance(0.5) ? `?before=${1 + client.draws.below(50)}` : '';
  await known.disturb(async () => {
    await client.about(known, ['DELETE', `/messages${before}`], [200]);
  });
}

/** No two have the same name, and the list holds what it says it holds. */
export async function list({ http, world, draws }: Client): Promise<void> {
  const limit = 1 + draws.below(100);
  const ids = new Set<string>();
  const names = new Set<string>();
  for (let cursor = '', more = true; more; ) {
    const { status, body } = await http.ask('GET', `/v1/listeners?limit=${limit}${cursor}`);
    if (status !== 200) return world.violate(`GET /v1/listeners: ${status} ${JSON.stringify(body)}`);
    for (const { id, name } of body.items) {
      if (ids.has(id)) world.violate(`the list shows ${id} twice`);
      // Over several pages a name may have gone from one to another meanwhile.
      if (names.has(name) && cursor === '' && body.next === undefined) world.violate(`the list shows ${name} twice`);
      ids.add(id);
      names.add(name);
    }
    more = typeof body.next === 'string' && body.items.length > 0;
    cursor = `&cursor=${body.next}`;
  }
}
