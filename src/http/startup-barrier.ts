/**
 * Starting: the API listens before stored and configured listeners are up, so that probes can tell. Whoever asks for more
 * meanwhile waits for all of them rather than see a half of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { ServiceStatus } from '../domain.ts';
import { ProblemError } from '../errors.ts';
import { pathOf } from './problems.ts';

/** What shows listeners, or changes them. */
const WAITS = /^\/(v1|metrics)(\/|$)/;
/** Milliseconds a request waits. */
const START_TIMEOUT_MS = 10_000;
/** Requests that may wait at a time. */
const PLACES = 1000;

/** Call after the gate: whoever is not let in has nothing to wait for. */
export function addStarting(app: FastifyInstance, status: ServiceStatus, timeoutMs = START_TIMEOUT_MS): void {
  let waiting = 0;
  app.addHook('onRequest', async ({ url }) => {
    if (status.isStarted || !WAITS.test(pathOf(url))) return;
    if (waiting >= PLACES) throw starting('too many requests wait for it already');
    waiting++;
    await startedOr(AbortSignal.any([status.stopping, app.closing]), timeoutMs).finally(() => waiting--);
  });

  async function startedOr(ending: AbortSignal, timeoutMs: number): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, ending]);
    await Promise.race([status.started, sleep(timeoutMs, null, { signal }).catch(() => {})]);
    over.abort();
    if (ending.aborted) throw new ProblemError('shutting_down', 'The service is shutting down.');
    if (!status.isStarted) throw starting('try again in a moment');
  }
}

function starting(advice: string): ProblemError {
  return new ProblemError('starting', `The service is starting, its listeners are not all up yet: ${advice}.`);
}
