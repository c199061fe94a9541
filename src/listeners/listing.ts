/** Which listeners a list shows, page by page, in the order of their creation. */
import type { ListQuery } from '../domain.ts';
import { invalidParameter } from '../errors.ts';
import type { Listener } from './listener.ts';

/** One page of listeners, and the cursor of the next. The cursor is the place of the last one shown. */
export function page(listeners: Listener[], query: ListQuery): { page: Listener[]; next: string | null } {
  const after = place(query.cursor);
  const matching = listeners.filter((listener) => listener.order > after && matches(listener, query));
  const shown = matching.slice(0, query.limit);
  const hasMore = matching.length > shown.length;
  return { page: shown, next: hasMore ? String(shown.at(-1)!.order) : null };
}

function matches({ spec, state }: Listener, { protocol, state: states, labels }: ListQuery): boolean {
  if (protocol !== undefined && !protocol.includes(spec.protocol)) return false;
  if (states !== undefined && !states.includes(state)) return false;
  return labels.every(([key, value]) => spec.labels[key] === value);
}

function place(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (!/^\d{1,15}$/.test(cursor)) throw invalidParameter('cursor', 'must be the `next` of an earlier page');
  return Number(cursor);
}
