/** Waits for messages: they stop when the client goes away or the service goes down. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ProblemError } from '../errors.ts';
import type { Journal, Wait, Waited } from '../journal/journal.ts';
import type { LivePlace } from './place.ts';

/** Waits on one listener, whose life the wait prolongs. */
export async function waitOnOne(app: FastifyInstance, reply: FastifyReply, ref: string, wait: Wait): Promise<Waited> {
  const release = app.domain.registry.hold(ref, { tie: false });
  try {
    return (await waited(app.domain.journal, wait, whileOpen(app, reply))) ?? cutShort();
  } finally {
    release();
  }
}

/** Waits over many. When other listeners come to belong, it looks anew from the same cursor for the rest of the time. */
export async function waitOnMany(
  app: FastifyInstance,
  reply: FastifyReply,
  live: LivePlace,
  wait: Wait,
): Promise<Waited> {
  const until = performance.now() + wait.timeout;
  const open = whileOpen(app, reply);
  while (!open.aborted) {
    const moved = new AbortController();
    live.onMove(() => moved.abort());
    const rest: Wait = { ...wait, scope: live.current.scope, timeout: Math.max(0, until - performance.now()) };
    const answer = await waited(app.domain.journal, rest, AbortSignal.any([open, moved.signal]));
    if (answer !== undefined) return answer;
  }
  return cutShort();
}

/** Undefined when it was aborted before it was satisfied. */
async function waited(journal: Journal, wait: Wait, signal: AbortSignal): Promise<Waited | undefined> {
  try {
    const answer = await journal.wait(wait, signal);
    return signal.aborted && !answer.satisfied && !answer.gone ? undefined : answer;
  } catch (error) {
    if ((error as { code?: string }).code === 'aborted') return undefined;
    throw error;
  }
}

/** Aborted when the response is closed, finished or not, or when the service goes down. */
export function whileOpen({ closing }: FastifyInstance, reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (reply.raw.destroyed) gone.abort();
  else reply.raw.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, closing]);
}

/** Whoever is still there to read it learns that the service goes down. */
function cutShort(): never {
  throw new ProblemError('shutting_down', 'The service is shutting down.');
}
