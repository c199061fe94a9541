/** Opens an event stream on a response and follows the journal on it until it ends. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { after } from '../../clock/timers.ts';
import { Follower, type Following } from './follower.ts';
import { EventStream } from './sse.ts';

export type StreamTerms = Following & {
  /** Milliseconds after which it ends. */
  lasts: number | undefined;
  /** It goes on with a stream that broke. */
  resumes: boolean;
};

/** What `attach` gets: the stream for events besides the journal's, the follower for ways to end. */
export type OpenStream = { stream: EventStream; follower: Follower };

/**
 * Rejects while an error can still be answered: nothing is written before the first pull has succeeded. Who comes again
 * to a listener that serves no more, and has seen all, gets a 204. `attach` adds what else concerns the stream and
 * returns how to let go of it.
 */
export async function openStream(
  app: FastifyInstance,
  reply: FastifyReply,
  terms: StreamTerms,
  attach: (open: OpenStream) => (() => void)[],
): Promise<FastifyReply> {
  const stream = new EventStream(reply.raw, app.streams.limits);
  const follower = new Follower(app.streams, stream, terms);
  for (const detach of attach({ stream, follower })) stream.onClosed(detach);
  const first = await follower.start();
  if (terms.resumes && follower.isOver(first)) {
    // The one answer that keeps an EventSource from coming again.
    return reply.code(204).send();
  }
  reply.hijack();
  // From here on nobody answers for us: whatever fails must end the response.
  try {
    stream.open(reply.getHeaders(), follower.cursor);
    app.streams.add(stream, (reason) => follower.end(reason));
    if (terms.lasts !== undefined) endAfter(terms.lasts, { stream, follower });
    await follower.run(first);
  } catch (err) {
    reply.log.error({ err }, 'a stream failed');
    stream.destroy();
  }
  return reply;
}

function endAfter(milliseconds: number, { stream, follower }: OpenStream): void {
  stream.onClosed(after(milliseconds, () => follower.end('for')));
}
