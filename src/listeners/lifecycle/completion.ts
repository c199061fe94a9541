/** A listener's good end: after maxRequests, or when no request came for completeAfterIdle. */
import type { Journal } from '../../journal/journal.ts';
import { LONGEST_TIMER } from '../../timers.ts';
import type { Listener } from '../listener.ts';
import { changeRecord } from '../records.ts';
import { closeListener } from '../sockets/bindings.ts';
import { milliseconds } from '../spec.ts';

/** Milliseconds that answers in flight and open connections get. */
const DRAIN = 10_000;
/** Shortest time between two looks at the clock of the last request. */
const LEAST_CHECK_INTERVAL_MS = 10;

/** Closes the listener and frees its port. It shows `completed` only once its last record is in the journal. */
export function complete(listener: Listener, reason: 'maxRequests' | 'idle', journal: Journal): Promise<void> {
  return listener.exclusive(async () => {
    if (!listener.isOpen) return;
    listener.enter('draining');
    await closeListener(listener, { mode: 'fin', drain: DRAIN });
    await journal.histories([listener.number]);
    await journal.append(changeRecord(listener.number, listener.openedAt, { state: 'completed', reason }));
    await journal.complete(listener.number, true);
    listener.enter('completed');
  });
}

/** Watches one listener for idleness, from now on; `onIdle` is called at most once. Answers how to stop. */
export function watchIdle(listener: Listener, onIdle: () => void): () => void {
  const idle = milliseconds(listener.spec.completeAfterIdle);
  if (idle === null) return () => {};
  let quietSince = Date.now();
  const look = () => {
    const sums = listener.counters.sums();
    const isBusy = sums.connectionsOpen > 0 || listener.state !== 'listening';
    quietSince = isBusy ? Date.now() : Math.max(quietSince, sums.lastRequestAt);
    const left = quietSince + idle - Date.now();
    if (left <= 0) onIdle();
    else timer = setTimeout(look, atMost(isBusy ? idle / 4 : Math.max(LEAST_CHECK_INTERVAL_MS, left))).unref();
  };
  const atMost = (pause: number) => Math.min(pause, LONGEST_TIMER);
  let timer = setTimeout(look, atMost(idle)).unref();
  return () => clearTimeout(timer);
}
