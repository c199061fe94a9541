/** When nobody does anything any more: the names, the numbers and the law, listener by listener. */
import type { Answer, Service } from '../../support/process.ts';
import type { Client } from './client.ts';
import type { Follower } from './following.ts';
import { Trail } from './trail.ts';
import type { Known } from './world.ts';

/** Milliseconds a stream gets to hand over what is left. */
const FOLLOW_TIMEOUT_MS = 20_000;

export async function account(client: Client, service: Service): Promise<void> {
  const { world } = client;
  await nameCheck(client);
  for (const known of world.live) await lawCheck(client, known);
  await Promise.all(world.followers.map((follower) => streamCheck(client, follower)));
  await idleCheck(client, service);
}

/** No wait and no stream is left behind. */
async function idleCheck({ world }: Client, service: Service): Promise<void> {
  const isIdle = ({ body }: Answer) =>
    /^listenpost_journal_waits 0$/m.test(body) && /^listenpost_stream_clients 0$/m.test(body);
  await service.until('/metrics', isIdle).catch((error) => {
    const open = /^listenpost_(journal_waits|stream_clients) .*$/gm;
    world.violate(`left behind: ${String(error).replaceAll('\\n', '\n').match(open)}`);
  });
}

/** The list is what the clients know of. */
async function nameCheck({ http, world }: Client): Promise<void> {
  const { body } = await http.ask('GET', '/v1/listeners?limit=1000');
  const shown = new Map<string, string>(body.items.map(({ id, name }: { id: string; name: string }) => [id, name]));
  if (new Set(shown.values()).size !== shown.size) world.violate(`names in the list: ${[...shown.values()].sort()}`);
  for (const known of world.live) {
    const names = world.names.of(known.id);
    if (names.length !== 1 || shown.get(known.id) !== names[0])
      world.violate(`${known.id} is ${shown.get(known.id)} in the list, and ${names} to the clients`);
  }
  for (const id of shown.keys()) {
    if (world.listeners.get(id)?.dying !== false) world.violate(`${id} is in the list, and is not to be there`);
  }
}

/** Sent = captured + dropped; every seq from the first to the last is there, once. */
async function lawCheck(client: Client, known: Known): Promise<void> {
  const { world } = client;
  const answer = await client.about(known, ['GET', ''], [200]);
  if (answer === undefined) return;
  const { stats } = answer.body;
  const dropped = Object.values(stats.dropped as Record<string, number | null>).reduce<number>(
    (sum, n) => sum + (n ?? 0),
    0,
  );
  const counted = stats.captured + dropped;
  const { surely, perhaps } = known.sent;
  const strays = [...known.ports].reduce((sum, port) => sum + (world.strays.get(port) ?? 0), 0);
  if (counted < surely || counted > surely + Math.max(perhaps, strays))
    world.violate(
      `${known.id} (${known.kind}) was sent ${surely} and perhaps ${perhaps}, ${strays} went astray, it counts ${JSON.stringify(stats)}`,
    );
  const trail = new Trail(world, known, { who: 'the last pages', last: 0 });
  for (let after = '0', more = true; more; ) {
    const page = await client.about(known, ['GET', `/messages?limit=1000&after=${after}`], [200]);
    if (page === undefined) return;
    if (page.body.gap !== undefined) trail.gap(page.body.gap);
    for (const item of page.body.items) trail.message(item);
    after = page.body.next;
    more = page.body.hasMore;
  }
  if (trail.last !== stats.lastSeq)
    world.violate(`${known.id} ends with #${trail.last}, and lastSeq is ${stats.lastSeq}`);
}

/** Resumed once more, it comes to the last message there is. */
async function streamCheck({ http, world }: Client, follower: Follower): Promise<void> {
  const { known, trail } = follower;
  if (known.dying) return;
  const { body } = await http.ask('GET', known.path);
  const { lastSeq } = body.stats;
  const cut = new AbortController();
  const late = setTimeout(() => cut.abort(), FOLLOW_TIMEOUT_MS);
  follower.onProgress = () => {
    if (isThere()) cut.abort();
  };
  const isThere = () => (trail.last ?? lastSeq) >= lastSeq;
  if (!isThere()) await follower.connect(cut.signal);
  clearTimeout(late);
  if (!isThere()) world.violate(`a stream of ${known.id} ended with #${trail.last}, and lastSeq is ${lastSeq}`);
}
