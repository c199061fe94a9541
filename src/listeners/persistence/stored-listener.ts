/**
 * Listeners outlive the process when the journal does: each change of one is remembered there, and after a restart it
 * comes back under its id, name and port, and counts on from where it stood (saved-counters.ts).
 */
import type { ListenerCatalog } from '../../journal/ports.ts';
import type { FullSpec, ListenerSpec } from '../../schemas/listener.ts';
import { type SavedCounters, settledCounts } from '../counters/saved-counters.ts';
import type { Listener } from '../listener.ts';
import type { ListenerTable } from '../listener-table.ts';
import { fillSpec } from '../spec.ts';

const AT_ONCE = 32;

/** What is remembered of a listener. */
export type StoredListener = {
  number: number;
  spec: FullSpec;
  createdAt: string;
  /** The port that 0 stands for, 0 when none was given. */
  keptPort: number;
  completed: boolean;
  counts: SavedCounters;
};
type Stored = Omit<StoredListener, 'number' | 'counts'> & { order: number };

/** Remembers every listener from now on. Posted before a change is answered, so it is stored before anybody knows of it. */
export function persistListeners(
  table: ListenerTable,
  journal: ListenerCatalog,
  onError: (error: unknown) => void,
): void {
  table.onChange(({ listener: { number }, removed }) => {
    const listener = table.byNumber(number);
    if (removed || listener === undefined || listener.state === 'draining') return;
    journal.saveSpec(number, JSON.stringify(stored(listener))).catch(onError);
  });
}

/** The listeners of an earlier process, oldest first. One whose creation never came to its end is forgotten. */
export async function loadListeners(
  journal: ListenerCatalog,
  onError: (error: unknown) => void,
): Promise<StoredListener[]> {
  const found: (Omit<StoredListener, 'counts'> & { order: number })[] = [];
  for (const [number, text] of await journal.savedSpecs()) {
    if (text === null) await journal.forget(number);
    else found.push(...parseStored(number, text, onError));
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

function stored({ spec, createdAt, keptPort, state, order }: Listener): Stored {
  return { spec, createdAt, keptPort, order, completed: state === 'completed' };
}

/** Empty when this version can't make sense of it; its messages stay. */
function parseStored(
  number: number,
  text: string,
  onError: (error: unknown) => void,
): (Omit<StoredListener, 'counts'> & { order: number })[] {
  try {
    const { spec, ...rest } = JSON.parse(text) as Stored;
    return [{ ...rest, number, spec: fillSpec(spec as ListenerSpec) }];
  } catch (error) {
    onError(error);
    return [];
  }
}
