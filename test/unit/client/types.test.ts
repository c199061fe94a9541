/** The client's types: this file compiles only as long as each expected error is one. Nothing of `checked` is run. */
import t from 'tap';
import type { Listener, Message, Reply, Service } from '../../../src/client/index.ts';

t.setTimeout(120_000);

t.test('types', async (t) => {
  t.type(checked, 'function', 'it compiled');
});

export async function checked(service: Service, listener: Listener): Promise<void> {
  // Specs are those of the API.
  await service.listen({ protocol: 'udp', responder: { type: 'reply', text: 'hi', times: 1 } });
  await service.listen({ protocol: 'tcp', port: 0, tcp: { framing: { type: 'line' } }, labels: { a: 'b' } });
  // @ts-expect-error the protocol is required
  await service.listen({ port: 0 });
  // @ts-expect-error no such protocol
  await service.listen({ protocol: 'sctp' });
  // @ts-expect-error no such field
  await service.listen({ protocol: 'udp', prot: 1 });
  // @ts-expect-error no such responder
  await service.listen({ protocol: 'udp', responder: { type: 'shout' } });
  // @ts-expect-error ports are numbers
  await service.listen({ protocol: 'udp', port: '2323' });

  // One message without a count, an array with one.
  const one: Message = await listener.waitFor({ text: 'a' });
  const many: Message[] = await listener.waitFor({ count: 1 });
  // @ts-expect-error one is no array
  const wrong: Message[] = await listener.waitFor();
  // @ts-expect-error many are not one
  const alsoWrong: Message = await listener.waitFor({ count: 2 });
  await listener.waitFor({ regex: /a/, hex: Uint8Array.of(1), since: new Date(), minSize: 1, after: one, kind: 'gap' });
  // @ts-expect-error no such filter
  await listener.waitFor({ contains: 'a' });
  // @ts-expect-error directions are in and out
  await listener.waitFor({ direction: 'both' });
  // @ts-expect-error within is for absence
  await listener.waitFor({ within: 10 });
  // @ts-expect-error absence has no count
  await listener.expectNone({ count: 1 });

  const bytes: Uint8Array = one.bytes;
  const text: string = one.text;
  const parsed: { a: number } = one.json<{ a: number }>();
  // @ts-expect-error messages are not changed
  one.seq = 2;
  // @ts-expect-error a direction is in or out
  const direction: 'up' = one.direction;

  await listener.verify({ match: { all: [{ text: { contains: 'a' } }, { not: { size: 1 } }] }, count: { atLeast: 2 } });
  // @ts-expect-error no such test
  await listener.verify({ match: { text: { like: 'a' } } });
  // @ts-expect-error no such count
  await listener.verify({ count: { about: 2 } });

  for await (const message of listener.messages({ limit: 1 })) {
    const seen: Message = message;
    void seen;
  }
  for await (const event of listener.events()) {
    if (event.type === 'message') void event.message.text;
    else void event.record.reason;
    // @ts-expect-error which of the two it has depends on its type
    void event.message;
  }

  const replies: Reply[] = (await service.send({ to: listener, text: 'a' })).replies;
  await service.send({ protocol: 'udp', to: { host: '127.0.0.1', port: 1 }, from: listener, bytes });
  // @ts-expect-error somebody must get it
  await service.send({ protocol: 'udp', text: 'a' });
  // @ts-expect-error a message is no place
  await service.send({ to: one, text: 'a' });

  await listener.reply(one, 'text');
  await listener.reply(3, { json: [1] });
  // @ts-expect-error a number is no payload
  await listener.reply(3, 4);
  await listener.update({ labels: { a: null }, paused: true });
  // @ts-expect-error ports do not change
  await listener.update({ port: 1 });

  await using scope = service.scope('x', { forbidLeaks: true });
  await using made = await scope.listen({ protocol: 'udp' });
  const leaked: number = (await scope.close()).deleted;
  void [many, wrong, alsoWrong, text, parsed, direction, replies, made, leaked];
}
