/** Ties the life of threads to the listeners that run on them. */

import { type Clock, systemClock } from '../../clock/clock.ts';
import type { Journal } from '../../journal/ports.ts';
import type { AllocationSource, ListenerThread } from '../../workers/thread-allocator.ts';
import { type InternalErrorReport, tellInternalError } from '../internal-errors.ts';
import type { Listener } from '../listener.ts';
import type { ListenerTable } from '../listener-table.ts';
import { problemRecord } from '../records.ts';
import type { Lifecycle } from './lifecycle.ts';
import { fail, threadDown, threadUp } from './repair.ts';

type Watched = {
  allocator: AllocationSource;
  table: ListenerTable;
  lifecycle: Lifecycle;
  journal: Journal;
  onError: (error: unknown) => void;
  clock?: Clock;
  /** A thread caught what should never be thrown. */
  onInternalError?: (report: InternalErrorReport) => void;
};

const GIVEN_UP = { code: 'worker_unavailable', detail: 'its thread died three times within a minute' };

export function watchThreads({
  allocator,
  table,
  lifecycle,
  journal,
  onError,
  clock = systemClock,
  onInternalError = () => {},
}: Watched): void {
  const each = (thread: ListenerThread, change: (listener: Listener) => Promise<unknown>) => {
    for (const listener of table.all()) {
      if (listener.bindings.some((binding) => binding.thread === thread)) change(listener).catch(onError);
    }
  };
  const exhausted = (listener: Listener) => {
    if (listener.isExhausted) lifecycle.complete(listener, 'maxRequests');
  };
  allocator.watch({
    down: (thread) =>
      each(thread, async (listener) => {
        if (await threadDown(listener, thread, journal)) exhausted(listener);
      }),
    up: (thread) => each(thread, (listener) => threadUp(listener, thread, { journal, clock })),
    abandoned: (thread) => each(thread, (listener) => listener.exclusive(() => fail(listener, GIVEN_UP, journal))),
    event: (thread, event) => {
      if (event.event === 'internalError') {
        const listener = event.place === null ? undefined : table.byNumber(event.place.listener);
        tellInternalError(event, { thread, listener, journal }, onInternalError).catch(onError);
        return;
      }
      if (!('listener' in event) || event.event === 'sent') return;
      const listener = table.byNumber(event.listener);
      if (listener === undefined) return;
      if (event.event === 'exhausted') return exhausted(listener);
      if (event.event === 'acceptsAgain') return lifecycle.acceptsAgain(listener);
      const { code, message: detail } = event.error;
      const { number, openedAt } = listener;
      if (event.event === 'failed') {
        listener.exclusive(() => fail(listener, { code, detail }, journal)).catch(onError);
      } else journal.append(problemRecord(number, openedAt, { code, detail })).catch(onError);
    },
  });
}
