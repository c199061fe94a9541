/** Waits for messages: they stop when the client goes away, or only reads any more, or the service goes down. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Messages } from '../../domain.ts';
import { ProblemError } from '../../errors.ts';
import type { ReadScope, Wait, WaitResult } from '../../schemas/reads.ts';
import type { LiveReadPosition } from './read-scope.ts';
import { unlessUnmatched } from './strict.ts';

/** Waits on one listener, whose life the wait prolongs. */
export async function waitOnOne(
  app: FastifyInstance,
  reply: FastifyReply,
  { ref, strict }: { ref: string; strict: boolean },
  wait: Wait,
): Promise<WaitResult> {
  const { registry, journal } = app.domain;
  const release = registry.hold(ref, { tie: false });
  try {
    const terms = { scope: strict ? wait.scope : null, wait, signal: whileHeard(app, reply) };
    return await strictly(app, terms, async (signal) => {
      const answer = await waited(journal, wait, signal);
      return answer ?? (await whatThereIs(app, reply, wait));
    });
  } finally {
    release();
  }
}

/** Waits over many. When other listeners come to belong, it looks anew from the same cursor for the rest of the time. */
export async function waitOnMany(
  app: FastifyInstance,
  reply: FastifyReply,
  live: LiveReadPosition,
  wait: Wait,
): Promise<WaitResult> {
  const until = performance.now() + wait.timeout;
  const strict = app.domain.registry.strictOf(listenersOf(live.current.scope));
  const scope = strict.length === 0 ? null : { listeners: strict };
  return strictly(app, { scope, wait, signal: whileHeard(app, reply) }, (heard) =>
    waitWhileTheyMove(app, reply, live, { wait, until, heard }),
  );
}

async function waitWhileTheyMove(
  app: FastifyInstance,
  reply: FastifyReply,
  live: LiveReadPosition,
  { wait, until, heard }: { wait: Wait; until: number; heard: AbortSignal },
): Promise<WaitResult> {
  const request = (): Wait => ({ ...wait, scope: live.current.scope, timeout: Math.max(0, until - performance.now()) });
  while (!heard.aborted) {
    const moved = new AbortController();
    live.onMove(() => moved.abort());
    const answer = await waited(app.domain.journal, request(), AbortSignal.any([heard, moved.signal]));
    if (answer !== undefined) return answer;
  }
  return whatThereIs(app, reply, request());
}

/** A wait that looks for what no rule matched is not failed by it. */
function strictly(
  { domain }: FastifyInstance,
  { scope, wait, signal }: { scope: ReadScope | null; wait: Wait; signal: AbortSignal },
  asked: (signal: AbortSignal) => Promise<WaitResult>,
): Promise<WaitResult> {
  const { after, timeout, filter } = wait;
  return unlessUnmatched(
    domain.journal,
    { scope: filter.unmatched === true ? null : scope, after, timeout, signal },
    asked,
  );
}

function listenersOf(scope: ReadScope): number[] | null {
  return 'listener' in scope ? [scope.listener] : scope.listeners;
}

/** Undefined when it was aborted before it was satisfied. */
async function waited(journal: Messages, wait: Wait, signal: AbortSignal): Promise<WaitResult | undefined> {
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

/**
 * The same, and aborted when the client closes its side of the connection: whoever goes away does that, too, and a wait
 * writes nothing by which to tell.
 */
function whileHeard(app: FastifyInstance, reply: FastifyReply): AbortSignal {
  const { socket } = reply.request.raw;
  const silent = new AbortController();
  if (socket.readableEnded) silent.abort();
  else {
    const onEnd = () => silent.abort();
    socket.once('end', onEnd);
    reply.raw.once('close', () => socket.off('end', onEnd));
  }
  return AbortSignal.any([silent.signal, whileOpen(app, reply)]);
}

/** The end of a wait as at its time-out, for a client that only reads any more; others learn that the service goes down. */
async function whatThereIs({ closing, domain }: FastifyInstance, reply: FastifyReply, wait: Wait): Promise<WaitResult> {
  if (closing.aborted || reply.raw.destroyed) throw new ProblemError('shutting_down', 'The service is shutting down.');
  return domain.journal.wait({ ...wait, timeout: 0 }, closing);
}
