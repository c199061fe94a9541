/** A listener's good end: after maxRequests, or when no request came for completeAfterIdle. */

import { type Clock, systemClock } from '../../clock/clock.ts';
import type { JournalReader, JournalWriter, ListenerCatalog } from '../../journal/ports.ts';
import type { Listener } from '../listener.ts';
import { changeRecord } from '../records.ts';
import { closeListener } from '../sockets/bindings.ts';
import { milliseconds } from '../spec.ts';

/** Milliseconds that answers in flight and open connections get. */
const DRAIN = 10_000;
/** Shortest time between two looks at the clock of the last request. */
const LEAST_CHECK_INTERVAL_MS = 10;

/** Closes the listener and frees its port. It shows `completed` only once its last record is in the journal. */
export function complete(
  listener: Listener,
  reason: 'maxRequests' | 'idle',
  journal: JournalReader & JournalWriter & ListenerCatalog,
): Promise<void> {
  return listener.exclusive(async () => {
    if (!listener.isOpen) return;
    listener.enter('draining');
    await closeListener(listener, { mode: 'fin', drain: DRAIN, reason: reason === 'idle' ? 'idle' : 'limit' });
    await journal.histories([listener.number]);
    await journal.append(changeRecord(listener.number, listener.openedAt, { state: 'completed', reason }));
    await journal.complete(listener.number, true);
    listener.enter('completed');
  });
}

/** Watches one listener for idleness, from now on; `onIdle` is called at most once. Returns how to stop. */
export function watchIdle(
  listener: Pick<Listener, 'spec' | 'state' | 'counters'>,
  onIdle: () => void,
  clock: Clock = systemClock,
): () => void {
  const idle = milliseconds(listener.spec.completeAfterIdle);
  if (idle === null) return () => {};
  let quietSince = clock.now();
  const look = () => {
    const sums = listener.counters.sums();
    const isBusy = sums.connectionsOpen > 0 || listener.state !== 'listening';
    quietSince = isBusy ? clock.now() : Math.max(quietSince, sums.lastRequestAt);
    const left = quietSince + idle - clock.now();
    if (left <= 0) onIdle();
    else lookAfter(isBusy ? idle / 4 : Math.max(LEAST_CHECK_INTERVAL_MS, left));
  };
  let cancel = () => {};
  const lookAfter = (pause: number) => {
    cancel = clock.after(pause, look, { background: true });
  };
  lookAfter(idle);
  return () => cancel();
}
