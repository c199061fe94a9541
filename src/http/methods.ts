/** Which methods a path knows, for 405 and its Allow header: Fastify itself says 404. */
import type { FastifyInstance } from 'fastify';

/** Watches the routes being added; the function it returns answers for a path. One written out wins over a pattern. */
export function allowedMethods(app: FastifyInstance): (path: string) => string[] {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    // Of a page at two paths, with and without a slash, only HEAD is told for the second.
    for (const one of [method].flat())
      for (const each of one === 'HEAD' ? ['GET', one] : [one]) route.methods.add(each);
    routes.set(url, route);
  });
  return (path) => {
    const isWritten = routes.has(path);
    const fitting = [...routes].filter(([url, { pattern }]) => pattern.test(path) && !(isWritten && url.includes(':')));
    return [...new Set(fitting.flatMap(([, { methods }]) => [...methods]))].sort();
  };
}

/** `/v1/listeners/:id/messages` as a regular expression. */
function patternOf(url: string): RegExp {
  const parts = url.split(/(:[a-zA-Z]+|\*)/).map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}
