/**
 * What the main thread keeps with a listener (listeners/restore.ts) and what the journal knows of it have much in common:
 * where one of them is lost, the other gives what it takes to bring the listener back.
 */
import { listenerId } from '../../../records/ids.ts';
import type { JournalListener } from '../../journal.ts';

type Kept = { spec: { protocol: 'udp' | 'tcp'; host: string; port: number; name?: string | null }; keptPort: number };

/** The bounds of its history become those of the spec when the listener is restored. */
const UNBOUND = { maxMessages: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER, maxAge: null } as const;

export function listenerOf(number: number, text: string): JournalListener | undefined {
  const { spec, keptPort } = JSON.parse(text) as Partial<Kept>;
  if (spec === undefined) return undefined;
  const { protocol, host, port, name = null } = spec;
  const local = { address: host, port: port || (keptPort ?? 0) };
  return { number, id: listenerId(number), name, protocol, local, capture: { ...UNBOUND, overflow: 'dropOldest' } };
}

/** A listener with the defaults in all that the journal does not know: it answers nothing. */
export function specOf({ protocol, local, name = null, capture }: JournalListener): string {
  const spec = { protocol, host: local.address, port: 0, name, capture };
  return JSON.stringify({
    spec,
    createdAt: new Date().toISOString(),
    keptPort: local.port,
    order: 0,
    completed: false,
  });
}
