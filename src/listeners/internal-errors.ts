/**
 * Tells of what a thread caught while it served a listener: one line in the log, with the seq of the message, and a
 * `problem` record in the listener's own history, for those who look there.
 */
import type { JournalWriter, MessageLookup } from '../journal/ports.ts';
import type { WorkerEvent } from '../workers/protocol.ts';
import type { ListenerThread } from '../workers/thread-allocator.ts';
import type { Listener } from './listener.ts';
import { problemRecord } from './records.ts';

/** What the log is told. `unreported`: errors of that thread before it that were not reported one by one. */
export type InternalErrorReport = {
  thread: string;
  listener: string | null;
  seq: number | null;
  stack: string;
  unreported: number;
};

type InternalError = Extract<WorkerEvent, { event: 'internalError' }>;
type Parts = { thread: ListenerThread; listener: Listener | undefined; journal: JournalWriter & MessageLookup };

/** Never rejects for want of a seq; rejects when the record can't be written. */
export async function tellInternalError(
  { place, message, stack, unreported }: InternalError,
  { thread, listener, journal }: Parts,
  onInternalError: (report: InternalErrorReport) => void,
): Promise<void> {
  const seq = await seqOf(place, thread, journal);
  onInternalError({ thread: thread.name, listener: listener?.name ?? listener?.id ?? null, seq, stack, unreported });
  if (listener === undefined) return;
  const what = seq === null ? 'something' : `message ${seq}`;
  const detail = `${what} could not be served, through a mistake of Listenpost itself: ${message}`;
  await journal.append(problemRecord(listener.number, listener.openedAt, { code: 'internal', detail }));
}

/** The thread hands over the message first, so that the journal knows its number. */
async function seqOf(
  place: InternalError['place'],
  thread: ListenerThread,
  journal: JournalWriter & MessageLookup,
): Promise<number | null> {
  if (place === null || place.ordinal === null) return null;
  const { listener, binding, incarnation, ordinal } = place;
  try {
    await thread.call('flush', { listener });
    return (await journal.seqOf({ listener, binding, incarnation, ordinal })) ?? null;
  } catch {
    return null;
  }
}
