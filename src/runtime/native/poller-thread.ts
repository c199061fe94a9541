/** The poller's thread: waits, rings, and knows nothing else. */
import { workerData } from 'node:worker_threads';
import type { PollerAccess } from '../../workers/protocol.ts';
import { loadLibc } from './libc.ts';
import { cellOf, STOP_CELL } from './poller.ts';

/** Milliseconds; only so that a lost alarm can't hold the process for longer. */
const EPOLL_TIMEOUT_MS = 500;

const libc = loadLibc();
const { epoll, readiness } = workerData as PollerAccess;
const cells = new Int32Array(readiness);
const ready = libc.epollEvents(64);

while (Atomics.load(cells, STOP_CELL) === 0) {
  const count = libc.epollWait(epoll, ready, EPOLL_TIMEOUT_MS);
  if (count < 0) break;
  for (let i = 0; i < count; i++) {
    const cell = cellOf(ready.descriptor(i));
    Atomics.store(cells, cell, 1);
    Atomics.notify(cells, cell);
  }
}
