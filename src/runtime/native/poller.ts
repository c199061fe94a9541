/**
 * Poller: one thread for the whole process that waits in epoll for all idle sockets and rings for those that become
 * readable. A worker's wait is then plain JavaScript (Atomics.waitAsync), so that it holds no thread of libuv's pool, and
 * terminate() and process.exit() find nothing native to wait for in it. The poller's own wait is ended by an eventfd.
 *
 * The readiness are cells of shared memory, one a descriptor; cell 0 tells the poller to stop.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { PollerAccess } from '../../workers/protocol.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN, EPOLLONESHOT } from './layout.ts';
import { errnoError, type Libc, loadLibc } from './libc.ts';

/** Descriptors above this can't be waited for. */
const MAX_DESCRIPTORS = 1 << 20;
export const STOP_CELL = 0;
export const cellOf = (fd: number): number => fd + 1;

/** The main thread's hold on the poller thread. */
export class Poller {
  readonly access: PollerAccess;
  readonly #libc: Libc;
  readonly #alarm: number;
  readonly #readiness: Int32Array;
  #thread: Worker;
  #stopped = false;

  /** Throws where native calls can't be had. */
  constructor() {
    const libc = loadLibc();
    this.#libc = libc;
    this.#alarm = checked('eventfd', libc.eventfd());
    this.access = {
      epoll: checked('epoll_create1', libc.epollCreate()),
      readiness: new SharedArrayBuffer(MAX_DESCRIPTORS * 4),
    };
    this.#readiness = new Int32Array(this.access.readiness);
    checked('epoll_ctl', libc.epollControl(this.access.epoll, EPOLL_CTL_ADD, this.#alarm, EPOLLIN));
    this.#thread = this.#launch();
    process.on('exit', this.#notify);
  }

  /** Ends the thread; sockets that still wait will not be woken any more. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    const ended = once(this.#thread, 'exit');
    this.#notify();
    await ended;
    process.off('exit', this.#notify);
    this.#libc.close(this.access.epoll);
    this.#libc.close(this.#alarm);
  }

  /** The thread returns from its wait and ends. Nothing here waits, so it does for process.exit() too. */
  readonly #notify = (): void => {
    this.#stopped = true;
    Atomics.store(this.#readiness, STOP_CELL, 1);
    this.#libc.signalEvent(this.#alarm);
  };

  #launch(): Worker {
    const thread = new Worker(new URL('./poller-thread.js', import.meta.url), {
      workerData: this.access,
      execArgv: [],
    });
    thread.unref();
    thread.on('error', () => {});
    thread.on('exit', () => {
      if (!this.#stopped) this.#thread = this.#launch();
    });
    return thread;
  }
}

let shared: Poller | undefined;

/** The poller of this process, started at its first use. Main thread only. */
export function sharedPoller(): Poller {
  shared ??= new Poller();
  return shared;
}

/** Waits for one socket to become readable, in the thread that reads it. */
export class ReadinessWaiter {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #epoll: number;
  readonly #readiness: Int32Array;
  readonly #notify: () => void;
  #waiting = false;

  /** @param notify called once after each `arm`, when the socket is readable */
  constructor(libc: Libc, fd: number, access: PollerAccess, notify: () => void) {
    this.#libc = libc;
    this.#fd = fd;
    this.#epoll = access.epoll;
    this.#readiness = new Int32Array(access.readiness);
    this.#notify = notify;
  }

  /** From now on the next datagram, or one that is there already, rings. */
  arm(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const cell = cellOf(this.#fd);
    Atomics.store(this.#readiness, cell, 0);
    const wait = Atomics.waitAsync(this.#readiness, cell, 0);
    if (wait.async) void wait.value.then(this.#onRing);
    else queueMicrotask(this.#onRing);
    this.#watch();
  }

  /** It will not ring any more. */
  leave(): void {
    this.#libc.epollControl(this.#epoll, EPOLL_CTL_DEL, this.#fd, 0);
    if (!this.#waiting) return;
    Atomics.store(this.#readiness, cellOf(this.#fd), 1);
    Atomics.notify(this.#readiness, cellOf(this.#fd));
  }

  readonly #onRing = (): void => {
    this.#waiting = false;
    this.#notify();
  };

  /** One shot; a socket that a dead thread had armed before is known to the set already. */
  #watch(): void {
    const events = EPOLLIN | EPOLLONESHOT;
    if (this.#libc.epollControl(this.#epoll, EPOLL_CTL_MOD, this.#fd, events) === 0) return;
    checked('epoll_ctl', this.#libc.epollControl(this.#epoll, EPOLL_CTL_ADD, this.#fd, events));
  }
}

function checked(call: string, result: number): number {
  if (result < 0) throw errnoError(call, result);
  return result;
}
