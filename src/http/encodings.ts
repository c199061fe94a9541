/** Content-Encoding of bodies: taken as they are, but for files, which may come packed. */
import { promisify } from 'node:util';
import { constants, gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../errors.ts';
import { tooLarge } from './problems.ts';

const unpack = promisify(gunzip);

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

/** Whether a file begins as gzip does, whatever its type says. */
export function isGzip(file: Uint8Array): boolean {
  return file[0] === 0x1f && file[1] === 0x8b;
}

/**
 * A file out of gzip. One that was cut gives what is whole. More than `largest` bytes are a 413, told before they are
 * unpacked.
 */
export async function gunzipped(file: Uint8Array, largest: number): Promise<{ bytes: Uint8Array; isCut: boolean }> {
  try {
    return { bytes: await unpack(file, { maxOutputLength: largest }), isCut: false };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(largest, 'unpacked');
    if (code !== 'Z_BUF_ERROR') throw unreadable(message);
  }
  const options = { maxOutputLength: largest, finishFlush: constants.Z_SYNC_FLUSH };
  const bytes = await unpack(file, options).catch((error: Error) => {
    throw unreadable(error.message);
  });
  return { bytes, isCut: true };
}

function unreadable(message: string): ProblemError {
  const detail = `the file is not proper gzip: ${message}`;
  return new ProblemError('validation_failed', detail, { errors: [{ in: 'body', pointer: '', detail }] });
}
