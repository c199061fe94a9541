/** Query strings must be UTF-8 in percent-encoding: what is not would be looked for as it stands, percent signs and all. */
import type { FastifyInstance } from 'fastify';
import { invalidParameter } from '../errors.ts';

export function addQueryEncoding(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ url }) => {
    const start = url.indexOf('?');
    const name = start === -1 ? undefined : illEncoded(url.slice(start + 1));
    if (name !== undefined)
      throw invalidParameter(name, 'is not UTF-8 in percent-encoding; look for other bytes with hex');
  });
}

/** The name of a parameter that can't be decoded, undefined when all can. */
function illEncoded(query: string): string | undefined {
  if (!query.includes('%') || isDecodable(query)) return undefined;
  const pair = query.split('&').find((one) => !isDecodable(one)) ?? '';
  return pair.split('=', 1)[0]!;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
