/** Pages of resources: `{items, next, hasMore}` and the link to the next page. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { pathOf } from './problems.ts';

export function listPage<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  { items, next }: { items: T[]; next: string | null },
): { items: T[]; next: string | null; hasMore: boolean } {
  if (next !== null) reply.header('link', nextLink(request.url, 'cursor', next));
  return { items, next, hasMore: next !== null };
}

/** RFC 8288: the same query with the cursor moved. */
export function nextLink(url: string, parameter: string, next: string): string {
  const path = pathOf(url);
  const query = new URLSearchParams(url.slice(path.length));
  query.set(parameter, next);
  return `<${path}?${query}>; rel="next"`;
}
