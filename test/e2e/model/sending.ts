/** Sending to listeners, from sockets of the clients' own and by the service; counted for the law. */
import type { Client } from './client.ts';
import type { Known } from './world.ts';

let lastToken = 0;

function tokens(count: number): string[] {
  return Array.from({ length: count }, () => `token-${++lastToken}.`);
}

export async function sendDatagrams(client: Client): Promise<void> {
  const known = client.any(({ kind }) => kind !== 'tcp');
  if (known === undefined) return;
  const { host, port } = known;
  const texts = tokens(1 + client.draws.below(20));
  const isCalm = known.calm();
  await client.peers.datagrams(texts, port, host);
  client.world.sent(known, texts.length, isCalm(), port);
}

export async function sendLines(client: Client): Promise<void> {
  const known = client.any(({ kind }) => kind === 'tcp');
  if (known === undefined) return;
  const { host, port } = known;
  const texts = tokens(1 + client.draws.below(10));
  const isCalm = known.calm();
  const arrived = await client.peers.lines(texts, port, host);
  if (isCalm() && !arrived) client.world.violate(`${known.id} refused a connection or reset it`);
  client.world.sent(known, texts.length, arrived && isCalm(), port);
}

/** By the service, from a throw-away socket or from another listener's. */
export async function send(client: Client): Promise<void> {
  const known = client.any(({ kind }) => kind !== 'tcp');
  if (known === undefined) return;
  const from = client.draws.chance(0.3) ? client.any(({ kind, id }) => kind === 'plain' && id !== known.id) : undefined;
  if (from !== undefined && known.kind === 'echo') return;
  await sendBy(client, known, { from, count: 1 + client.draws.below(5), text: tokens(1)[0]! });
}

type What = { from?: Known | undefined; count: number; text: string };

async function sendBy({ http, world }: Client, known: Known, { from, count, text }: What): Promise<boolean> {
  const isCalm = known.calm();
  const isFromCalm = from?.calm() ?? (() => true);
  const { port } = known;
  const order = { protocol: 'udp', to: { listener: known.id }, text, count, ...(from && { from: from.id }) };
  const answer = await http.ask('POST', '/v1/sends', order);
  const calm = isCalm();
  const isExcused = !calm || !isFromCalm();
  const { status, body } = answer;
  if (status === 201 && body.state === 'done') {
    world.sent(known, body.sent, calm, port);
    if (body.sent !== count) world.violate(`a send of ${count} says it sent ${body.sent}`);
    return calm;
  }
  if (status === 201) world.sent(known, count, false, port);
  if (!isExcused || status >= 500) world.violate(`POST /v1/sends: ${status} ${JSON.stringify(body).slice(0, 300)}`);
  else if (![201, 404, 409, 422].includes(status)) world.violate(`POST /v1/sends: ${status}`);
  return false;
}

/** Whoever has seen the effect of a message finds it in the next answer. */
export async function sendAndLook(client: Client): Promise<void> {
  const known = client.any(({ kind, paused }) => kind !== 'tcp' && kind !== 'small' && !paused);
  if (known === undefined) return;
  const isCalm = known.calm();
  const text = tokens(1)[0]!;
  if (!(await sendBy(client, known, { count: 1, text }))) return;
  const wait = client.draws.chance(0.5) ? '&wait=20s' : '';
  const path = `/messages?direction=in&text=${text}${wait}`;
  const answer = await client.about(known, ['GET', path], [200]);
  if (answer === undefined || !isCalm()) return;
  const { items } = answer.body;
  if (items.length !== 1 || items[0].text !== text)
    client.wrong(`${known.id} was sent ${text}, a look at ${path}`, answer);
}
