/**
 * `npm run swaps` is the full one, with 1,000 changes. Lists of rules are changed by PUT and PATCH under traffic over UDP
 * and TCP: each request is answered, by one list and not by a mix of two.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { startProcess } from '../support/process.ts';

const CHANGES = Number(process.env.LISTENPOST_SWAPS ?? 30);
/** Those who ask, one request at a time each. */
const PEERS = 4;
/** Milliseconds after which an answer is taken for lost. */
const LOST = 30_000;

t.setTimeout(60_000 + CHANGES * 400);

const reply = (text: string) => ({ reply: { text } });
const both = (text: string) => [reply(`${text}<`), reply(`${text}>`)];
/** The one knows `x` and the other `y`; what they do not know they answer, too. */
const LISTS = [
  { rules: [{ name: 'r', when: { text: { equals: 'x' } }, then: both('A1') }], otherwise: both('A0') },
  { rules: [{ name: 'r', when: { text: { equals: 'y' } }, then: both('B1') }], otherwise: both('B0') },
];
/** A1 to y or B1 to x would be the test of one list and the answer of the other. */
const RIGHT: Record<string, RegExp> = { x: /^(A1<A1>|A0<A0>|B0<B0>)$/, y: /^(B1<B1>|B0<B0>|A0<A0>)$/ };

type Ask = (text: string) => Promise<string>;

/** Gathers what comes until both answers are there. */
class Answers {
  #got = '';
  #take: ((got: string) => void) | null = null;

  add(text: string): void {
    this.#got += text;
    if (!this.#got.includes('>')) return;
    this.#take?.(this.#got);
    this.#got = '';
  }

  next(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const late = setTimeout(() => reject(new Error(`an answer is lost; there is "${this.#got}"`)), LOST);
    this.#take = (got) => {
      clearTimeout(late);
      resolve(got);
    };
    return promise;
  }
}

async function datagrams(t: Test, port: number): Promise<Ask> {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const answers = new Answers();
  socket.on('message', (bytes) => answers.add(String(bytes)));
  return (text) => {
    socket.send(text, port, '127.0.0.1');
    return answers.next();
  };
}

async function stream(t: Test, port: number): Promise<Ask> {
  const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1');
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  const answers = new Answers();
  socket.on('data', (text) => answers.add(String(text).replaceAll('\n', '')));
  return (text) => {
    socket.write(`${text}\n`);
    return answers.next();
  };
}

for (const protocol of ['udp', 'tcp'] as const) {
  t.test(
    `${CHANGES} changes under traffic over ${protocol}: nothing is lost, nothing is judged by two lists`,
    async (t) => {
      const service = await startProcess(t, ['--threads', '2']);
      const { body } = await service.post('/v1/listeners', {
        protocol,
        name: 'swap',
        threads: 2,
        ...(protocol === 'tcp' ? { tcp: { framing: { type: 'line' } } } : {}),
        responder: { type: 'rules', ...LISTS[0] },
      });
      const seen: Record<string, number> = {};
      let going = true;
      let asked = 0;
      const traffic = Promise.all(
        Array.from({ length: PEERS }, async (_, i) => {
          const ask = await (protocol === 'udp' ? datagrams : stream)(t, body.address.port);
          for (let n = i; going; n++) {
            const text = n % 2 === 0 ? 'x' : 'y';
            asked++;
            const answer = await ask(text);
            if (!RIGHT[text]!.test(answer)) throw new Error(`${text} was answered by ${answer}`);
            seen[answer.slice(0, 2)] = (seen[answer.slice(0, 2)] ?? 0) + 1;
          }
        }),
      );
      for (let i = 1; i <= CHANGES; i++) {
        const change =
          i % 2 === 0
            ? service.patch('/v1/listeners/swap/rules/r', { enabled: false })
            : service.put('/v1/listeners/swap/rules', LISTS[((i + 1) / 2) % 2]);
        const answer = await Promise.race([change, traffic]);
        if (answer === undefined || !('status' in answer) || answer.status !== 200)
          throw new Error(JSON.stringify(answer));
      }
      going = false;
      await traffic;
      t.comment(JSON.stringify({ asked, ...seen }));
      t.match(Object.keys(seen).sort(), ['A0', 'A1', 'B0', 'B1'], 'each list was in force');
      const { stats } = (await service.get('/v1/listeners/swap')).body;
      t.match([stats.received, stats.captured], [asked, asked]);
    },
  );
}
