/**
 * Session: the time from opening a journal's file to closing it in order. A note in the file tells the next process
 * whether this one came to its end, and whether the machine has gone down since.
 */
import { readFileSync } from 'node:fs';
import type { Log } from '../log/log.ts';
import { passOverReserved } from '../log/recovery.ts';

const NOTE = 'session';

/** Opens the session, and repairs what one before it left when that was not closed. */
export function beginSession(log: Log, boot = bootId()): void {
  const { store } = log;
  if (store.engine === 'memory') return;
  const unclosed = store.note(NOTE);
  if (store.isLogDamaged) passOverReserved(log, 'damaged');
  else if (unclosed !== undefined && unclosed !== boot) passOverReserved(log, 'restart');
  log.commit();
  store.setNote(NOTE, boot);
  store.commit(true);
}

/** Everything is committed and the next process has nothing to repair. */
export function endSession(log: Log): void {
  if (log.store.engine === 'file') log.store.setNote(NOTE, null);
  log.commit();
}

/** Changes whenever the machine starts. Where it can't be told, every unclosed session counts as a loss of power. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return `unknown ${Date.now()}`;
  }
}
