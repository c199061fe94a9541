/** Content-Encoding of bodies: taken as they are, but for files, which may come packed. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route unpacks gzip itself. */
    unpacks?: boolean;
  }
}

/** Refuses packed bodies by their right name, where they would be told to be no JSON. */
export function addEncodings(app: FastifyInstance): void {
  app.addHook('preParsing', async (request, reply) => {
    const encoding = encodingOf(request);
    const { unpacks = false } = request.routeOptions.config;
    if (encoding === 'identity' || request.is404 || (unpacks && encoding === 'gzip')) return;
    reply.header('accept-encoding', unpacks ? 'gzip, identity' : 'identity');
    throw new ProblemError(
      'unsupported_media_type',
      `Content-Encoding ${encoding} is not taken here: send the body as it is${unpacks ? ', or gzip' : ''}.`,
    );
  });
}

function encodingOf({ headers }: FastifyRequest): string {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  return encoding === '' ? 'identity' : encoding.replace(/^x-gzip$/, 'gzip');
}
