/** Requests whose client went away, or whose service goes down, stop waiting. */
import type { FastifyReply } from 'fastify';

/** Aborted when the response is closed, finished or not, or when the service goes down. */
export function whileOpen(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, closing]);
}
