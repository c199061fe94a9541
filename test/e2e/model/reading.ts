/** Reading a listener by pages and waits, from where the answer before ended. */
import type { Client } from './client.ts';
import { Trail } from './trail.ts';
import type { Item, Known } from './world.ts';

/** Some pages one after the other, oldest first. */
export async function pages(client: Client): Promise<void> {
  const known = client.any();
  if (known === undefined) return;
  const trail = new Trail(client.world, known, { who: 'pages', last: 0 });
  let after = '0';
  for (let i = 0; i < 5; i++) {
    const limit = 1 + client.draws.below(client.draws.chance(0.5) ? 10 : 1000);
    const answer = await client.about(known, ['GET', `/messages?after=${after}&limit=${limit}`], [200]);
    if (answer === undefined) return;
    const { items, next, hasMore, gap } = answer.body;
    if (gap !== undefined) trail.gap(gap);
    for (const item of items) trail.message(item);
    if (items.length > limit) client.world.violate(`${items.length} items on a page of ${limit}`);
    if (!hasMore) return;
    after = next;
  }
}

/** The newest first. */
export async function newest(client: Client): Promise<void> {
  const known = client.any();
  if (known === undefined) return;
  const answer = await client.about(known, ['GET', '/messages?order=desc&limit=20'], [200]);
  if (answer === undefined) return;
  const items = answer.body.items as Item[];
  for (const [i, item] of items.entries()) {
    client.world.saw(known, item);
    if (i > 0 && item.seq !== items[i - 1].seq - 1)
      client.world.violate(`${known.id}: #${item.seq} below #${items[i - 1].seq}`);
  }
}

/** Waits for some messages, one wait after the other: together they give out every `in` message once. */
export async function waits(client: Client): Promise<void> {
  const known = client.any();
  if (known === undefined) return;
  let after = '0';
  let last = 0;
  for (let i = 0; i < 3; i++) {
    const count = 1 + client.draws.below(20);
    const path = `/messages?after=${after}&count=${count}&limit=${count}&wait=${client.draws.below(300)}ms`;
    const answer = await client.about(known, ['GET', path], [200]);
    if (answer === undefined) return;
    const { items, next, satisfied, matched } = answer.body;
    if (satisfied !== matched >= count || items.length !== matched) client.wrong(`GET ${known.path}${path}`, answer);
    passed(client, known, { from: last, items });
    last = items.at(-1)?.seq ?? last;
    after = next;
  }
}

/** What lies between the items of a wait is no `in` message, where nothing was forgotten. */
function passed({ world }: Client, known: Known, { from, items }: { from: number; items: Item[] }): void {
  let last = from;
  for (const item of items) {
    if (item.direction !== 'in')
      world.violate(`a wait on ${known.id} was given #${item.seq}, which is ${item.direction}`);
    if (item.seq <= last) world.violate(`a wait on ${known.id} was given #${item.seq} after #${last}`);
    world.saw(known, item);
    for (let seq = last + 1; seq < item.seq && !known.forgets; seq++) {
      if (known.seen.get(seq)?.startsWith('in ') === true) world.violate(`a wait on ${known.id} passed over #${seq}`);
    }
    last = item.seq;
  }
}
