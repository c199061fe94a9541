/**
 * What happens to listeners when a thread dies. What it had read and not handed over is lost: that is counted and
 * written where it happened. On the replacement each binding opens again on the port it had; when that fails, or the
 * pool gives the thread up, the listener fails and frees its port.
 */

import { type Clock, passed } from '../../clock/clock.ts';
import type { JournalWriter, ListenerCatalog, MessageLookup } from '../../journal/ports.ts';
import type { ListenerThread } from '../../workers/thread-allocator.ts';
import type { BindingSlot } from '../binding-slot.ts';
import { undropped } from '../counters/listener-counters.ts';
import type { Listener, ListenerFault } from '../listener.ts';
import { changeRecord, lostRecord } from '../records.ts';
import { closeListener, reopenBinding } from '../sockets/bindings.ts';

/** Tries of a rebind, and milliseconds between them: the kernel may let go of the old socket a little later. */
const TRIES = 20;
const RETRY_INTERVAL_MS = 25;

/** Call at once when a thread is gone. Resolves when its losses are in the journal, and whether it ended the last request. */
export async function threadDown(
  listener: Listener,
  thread: ListenerThread,
  journal: JournalWriter & ListenerCatalog & MessageLookup,
): Promise<boolean> {
  const down = listener.bindings.filter((binding) => binding.thread === thread && !binding.down);
  let exhausted = false;
  const losses = down.map((binding) => {
    binding.down = true;
    const { index, incarnation, row } = binding;
    const read = undropped(row) - binding.baseline;
    exhausted = row.inherit(listener.spec.maxRequests) || exhausted;
    return { index, incarnation, read, thread: thread.ordinal };
  });
  if (down.length > 0 && listener.isOpen) listener.settle();
  await listener.exclusive(async () => {
    for (const loss of losses) await countLoss(listener, loss, journal);
  });
  return exhausted;
}

/** Opens the bindings of a replaced thread again. */
export async function threadUp(
  listener: Listener,
  thread: ListenerThread,
  { journal, clock }: { journal: JournalWriter & ListenerCatalog & MessageLookup; clock: Clock },
): Promise<void> {
  await listener.exclusive(async () => {
    for (const binding of listener.bindings) {
      if (binding.thread !== thread || !binding.down || !listener.isOpen) continue;
      const fault = await reopen(listener, binding, clock);
      if (fault !== null) return fail(listener, fault, journal);
    }
    if (listener.isOpen) listener.settle();
  });
}

/** Ends a listener that can't go on. It keeps name, id and messages. Call within its turn. */
export async function fail(
  listener: Listener,
  fault: ListenerFault,
  journal: JournalWriter & ListenerCatalog,
): Promise<void> {
  if (listener.isOpen) listener.enter('draining');
  await closeListener(listener, { mode: 'rst', drain: 0, reason: 'failed' });
  await journal.append(changeRecord(listener.number, listener.openedAt, { state: 'failed', error: fault }));
  await journal.complete(listener.number, true);
  listener.enter('failed', fault);
}

type Loss = { index: number; incarnation: number; read: number; thread: number };

async function countLoss(listener: Listener, loss: Loss, journal: JournalWriter & MessageLookup): Promise<void> {
  const { index: binding, incarnation, thread } = loss;
  const lost = loss.read - (await journal.accounted(listener.number, binding, incarnation));
  if (lost <= 0) return;
  listener.counters.carry('lost', lost);
  const origin = { listener: listener.number, openedAt: listener.openedAt, binding, thread, incarnation };
  await journal.append(lostRecord(origin, lost));
}

/** null when it went well. A thread that dies meanwhile is not a fault of the listener: its own replacement comes. */
async function reopen(listener: Listener, binding: BindingSlot, clock: Clock): Promise<ListenerFault | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      await reopenBinding(listener, binding);
      return null;
    } catch (error) {
      const { code = 'internal', message } = error as Error & { code?: string };
      if (code === 'worker_unavailable') return null;
      if (code !== 'EADDRINUSE' || attempt === TRIES)
        return { code, detail: `its socket can't be opened again: ${message}` };
    }
    await passed(clock, RETRY_INTERVAL_MS);
  }
}
