/** `listenpost healthcheck`: for containers and scripts that wait until the service is up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../config.ts';
import { parseDuration } from '../schemas/units.ts';
import { serviceUrl } from './options/common.ts';

/** Milliseconds one question may take, and between two of them. */
const PATIENCE = 2000;
const PAUSE = 100;

/** Asks /readyz until it answers 200 or the time is over; sets the exit code. */
export async function healthcheck(options: { url?: string; wait: string }): Promise<void> {
  const wait = parseDuration(options.wait);
  if (wait === undefined) throw new ConfigError(`option '--wait' takes a duration such as 10s, not '${options.wait}'`);
  const url = readyUrl(options.url);
  const deadline = performance.now() + wait;
  let answer = await ask(url);
  while (answer !== 'ready' && performance.now() < deadline) {
    await sleep(PAUSE);
    answer = await ask(url);
  }
  if (answer === 'ready') return;
  process.stderr.write(`${url.origin} is not ready: ${answer}\n`);
  process.exitCode = 1;
}

async function ask(url: URL): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    await response.body?.cancel();
    return response.ok ? 'ready' : `status ${response.status}`;
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? message;
  }
}

function readyUrl(given: string | undefined): URL {
  if (given !== undefined && !URL.canParse(given)) throw new ConfigError(`option '--url' takes a URL, not '${given}'`);
  return new URL('/readyz', serviceUrl(given));
}
