/** `listenpost healthcheck`: for containers and scripts that wait until the service is up. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { parseDuration } from '../../schemas/units.ts';
import { addExamples } from '../examples.ts';
import { addCommon, type CommonFlags } from '../options/common.ts';
import { duration } from '../options/values.ts';
import { FAILED } from '../session/failure.ts';
import { inSession, type Session } from '../session/session.ts';

/** Milliseconds one question may take, and between two of them. */
const RESPONSE_TIMEOUT_MS = 2000;
const RETRY_INTERVAL_MS = 100;

type Flags = CommonFlags & { wait: string };
type Health = { status: string; detail?: string };

export function addHealthcheck(program: Command): void {
  const command = program
    .command('healthcheck')
    .description('ask a running service whether it is ready; exit code 0 when it is, 1 when not')
    .option('--wait <duration>', 'keep asking this long, e.g. 10s', duration, '0s');
  addExamples(addCommon(command), [
    ['listenpost healthcheck --wait 10s', 'goes on as soon as the service is ready'],
    ['listenpost healthcheck --json', 'each check'],
  ]).action(inSession(healthcheck));
}

/** Asks /readyz until it is ready or the time is over. */
async function healthcheck({ http, output, signal }: Session, { wait, token }: Flags): Promise<number> {
  const url = `${http.url}/readyz?verbose=true`;
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const deadline = performance.now() + parseDuration(wait)!;
  let health = await ask(url, headers);
  while (health.status !== 'ok' && performance.now() < deadline) {
    await sleep(RETRY_INTERVAL_MS, null, { signal });
    health = await ask(url, headers);
  }
  if (output.json) await output.object(health);
  if (health.status === 'ok') return 0;
  process.stderr.write(`${http.url} is not ready: ${health.detail ?? health.status}\n`);
  return FAILED;
}

/** What the service says, or in the same form why it says nothing. */
async function ask(url: string, headers: Record<string, string>): Promise<Health> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS) });
    const health: unknown = await response.json().catch(() => null);
    const isHealth = typeof health === 'object' && health !== null && 'status' in health;
    return isHealth && typeof health.status === 'string'
      ? (health as Health)
      : { status: 'unavailable', detail: `status ${response.status}` };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return { status: 'unavailable', detail: cause?.code ?? message };
  }
}
