/**
 * Listeners outlive the process when the journal does: each change of one is remembered there, and after a restart it
 * comes back under its id, name and port, and counts on from where it stood (saved-counters.ts).
 */
import type { ListenerCatalog } from '../../journal/ports.ts';
import { listenerId } from '../../records/ids.ts';
import type { ListenerSpec } from '../../schemas/listener.ts';
import { lastingSpec } from '../accept.ts';
import { type SavedCounters, settledCounts } from '../counters/saved-counters.ts';
import type { Listener } from '../listener.ts';
import type { ListenerTable } from '../listener-table.ts';
import { fillSpec } from '../spec.ts';
import { formatStored, parseStored, type StoredForm } from './stored-form.ts';

const AT_ONCE = 32;

/** What is remembered of a listener. */
export type StoredListener = Omit<StoredForm, 'order'> & { number: number; counts: SavedCounters };
type Numbered = StoredForm & { number: number };

/** Remembers every listener from now on. Posted before a change is answered, so it is stored before anybody knows of it. */
export function persistListeners(
  table: ListenerTable,
  journal: ListenerCatalog,
  onError: (error: unknown) => void,
): void {
  table.onChange(({ listener: { number }, removed }) => {
    const listener = table.byNumber(number);
    if (removed || listener === undefined || listener.state === 'draining') return;
    journal.saveSpec(number, stored(listener)).catch(onError);
  });
}

/** The listeners of an earlier process, oldest first. One whose creation never came to its end is forgotten. */
export async function loadListeners(
  journal: ListenerCatalog,
  onError: (error: unknown) => void,
): Promise<StoredListener[]> {
  const found: Numbered[] = [];
  for (const [number, text] of await journal.savedSpecs()) {
    if (text === null) await journal.forget(number);
    else found.push(...restorable(number, text, onError));
  }
  const counted = await journal.savedCounts();
  return found
    .sort((a, b) => a.order - b.order)
    .map(({ order: _, ...listener }) => {
      const { counts, traffic } = counted.get(listener.number)!;
      return { ...listener, counts: settledCounts(counts, traffic, listener.spec.protocol) };
    });
}

/** Brings them back in parts, so that probes are answered in between; all at once takes longer, too. */
export async function someAtOnce<T>(all: readonly T[], restore: (one: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < all.length; i += AT_ONCE) await Promise.all(all.slice(i, i + AT_ONCE).map(restore));
}

function stored({ spec, createdAt, keptPort, state, order }: Listener): string {
  return formatStored({ spec: lastingSpec(spec), createdAt, keptPort, order, completed: state === 'completed' });
}

/** Empty when this build can't make sense of it, which is told; its messages stay. */
function restorable(number: number, text: string, onError: (error: unknown) => void): Numbered[] {
  try {
    const { spec, ...rest } = parseStored(text);
    return [{ ...rest, number, spec: fillSpec(spec as ListenerSpec) }];
  } catch (error) {
    const { message } = error as Error;
    onError(
      new Error(`listener ${listenerId(number)} is not brought back, its messages stay: ${message}`, { cause: error }),
    );
    return [];
  }
}
