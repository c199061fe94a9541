/**
 * A flaky test becomes a firm one: a sample harness whose messages take from 0 to 300 ms, run many times. With a fixed
 * sleep it fails now and then, with waits never; and `quietFor` finds each stray message.
 * Run compiled: node dist/bench/micro/flaky.js [runs] [strays]. Default: 500 runs, 100 strays.
 */
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener, Service } from '../../src/client/index.ts';
import { start, VerifyError } from '../../src/client/node.ts';

const LONGEST_DELAY = 300;
/** What a test with a sleep would sleep. */
const SLEEP = 200;
/** Runs at a time. */
const AT_ONCE = 25;

export type Outcome = { runs: number; failed: number; errors: string[] };
type Run = (listener: Listener, run: number) => Promise<void>;

/** Request, answer to it, a later event: each after a delay of its own; no sleep, and nothing else may come. */
export async function withWaits(service: Service, runs: number): Promise<Outcome> {
  return outcome(service, runs, async (listener, run) => {
    const program = act(listener, [`login ${run}`, `session ${run}`, `logout ${run}`]);
    const login = await listener.waitFor({ text: `login ${run}` });
    const later = await listener.waitFor({ count: 2 });
    if (later[1]!.text !== `logout ${run}` || login.seq !== 1) throw new Error(`wrong order: ${later.join()}`);
    await program;
  });
}

/** The same as most would write it: sleep, then look. */
export async function withSleep(service: Service, runs: number): Promise<Outcome> {
  return outcome(service, runs, async (listener, run) => {
    const program = act(listener, [`login ${run}`]);
    await sleep(SLEEP);
    const seen = await listener.all();
    await program;
    if (seen.length !== 1) throw new Error('nothing came in time');
  });
}

/** One message is expected; in half of the runs a stray one follows. Fails where a stray was missed or made up. */
export async function strays(service: Service, planted: number): Promise<Outcome> {
  return outcome(service, 2 * planted, async (listener, run) => {
    const isPlanted = run % 2 === 1;
    const program = act(listener, isPlanted ? ['expected', 'expected'] : ['expected']);
    const wanted = { match: { text: { equals: 'expected' } }, count: { exactly: 1 } };
    const quietFor = 2 * LONGEST_DELAY;
    const found = await listener.verify({ ...wanted, within: '400ms', quietFor }).then(
      () => false,
      (error: unknown) => {
        if (error instanceof VerifyError) return true;
        throw error;
      },
    );
    await program;
    if (found !== isPlanted) throw new Error(isPlanted ? 'the stray was not found' : 'a stray was made up');
  });
}

/** The program under test: sends its messages one after the other, each after a random delay. */
async function act({ port }: Listener, texts: string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const text of texts) {
    await sleep(Math.random() * LONGEST_DELAY);
    await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
  }
  socket.close();
}

async function outcome(service: Service, runs: number, one: Run): Promise<Outcome> {
  const errors: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let run = next++; run < runs; run = next++) {
      await using listener = await service.listen({ protocol: 'udp' });
      await one(listener, run).catch((error: Error) => errors.push(error.message));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, runs) }, lane));
  return { runs, failed: errors.length, errors };
}

async function main([runs = '500', planted = '100']: string[]): Promise<void> {
  await using service = await start();
  const rows = {
    'with a sleep of 200 ms': await withSleep(service, Number(runs)),
    'with waits': await withWaits(service, Number(runs)),
    'strays found by quietFor': await strays(service, Number(planted)),
  };
  console.table(Object.fromEntries(Object.entries(rows).map(([name, { runs, failed }]) => [name, { runs, failed }])));
  const errors = [...rows['with waits'].errors, ...rows['strays found by quietFor'].errors];
  for (const error of errors.slice(0, 5)) console.error(error);
  if (errors.length > 0) process.exitCode = 1;
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
