/**
 * ListeningSocket: the one socket that the threads of a TCP listener listen on, in the hands of main, and how the kernel
 * meets those who connect to it. All of it needs no privilege. A change has two steps, for threads have to let go of a
 * socket that they are not to accept from, and to take hold of it again: `prepare` before they are told, `settle` after.
 *
 * - `blackhole`: its queue of one is full, of a connection of our own that nobody accepts, and the kernel drops what else
 *   wants to come in. Connections that are open have sockets of their own.
 * - `refuse`: it stays bound and does not listen. Without SO_REUSEADDR then, or a program that sets it could listen there;
 *   with it again before it listens, or connections that are open or in TIME_WAIT would be in the way.
 */
import type { AcceptMode } from '../../schemas/connect-phase.ts';
import { EINPROGRESS, POLLIN, POLLOUT, SHUT_RD, SO_LINGER, SO_REUSEADDR, SOL_SOCKET } from './layout.ts';
import { errnoError, type Libc, loadLibc } from './libc.ts';
import { reachableName } from './socket-state.ts';
import { openStreamSocket } from './sockets.ts';

/** The least: one connection may wait. */
const LEAST_BACKLOG = 0;
/** Milliseconds for a connection over loopback, on a machine that is busy. It takes none, mostly. */
const PLUG_TIMEOUT_MS = 1000;
/** struct linger: on, for 0 seconds. A close is a reset then. */
const RESET_ON_CLOSE = new Uint8Array(Int32Array.of(1, 0).buffer);

export class ListeningSocket {
  readonly #libc: Libc = loadLibc();
  readonly #fd: number;
  readonly #backlog: number;
  #listens = false;
  /** Our own connection, which fills the queue. */
  #plug: number | null = null;

  /** @param fd a bound socket */
  constructor(fd: number, backlog: number) {
    this.#fd = fd;
    this.#backlog = backlog;
  }

  /** Before threads are told. Throws an Error with an errno `code`. */
  prepare(mode: AcceptMode): void {
    if (mode !== 'refuse' && mode !== 'blackhole') this.#open();
    // As few as may be come in after the last thread has let go.
    else if (this.#listens) this.#listen(LEAST_BACKLOG);
  }

  /** After threads have been told. Throws an Error with an errno `code`. */
  settle(mode: AcceptMode): void {
    if (mode === 'refuse') this.#refuse();
    else if (mode === 'blackhole') this.#fill();
  }

  /** Both, while no thread knows of it. A port is known to be free of other listeners only once it has been listened on. */
  begin(mode: AcceptMode): void {
    this.prepare(mode);
    if (!this.#listens) this.#listen(LEAST_BACKLOG);
    this.settle(mode);
  }

  close(): void {
    this.#unplug();
    this.#libc.close(this.#fd);
  }

  #open(): void {
    if (this.#plug !== null) this.#empty(this.#plug);
    this.#unplug();
    this.#listen(this.#backlog);
  }

  /** Or has another backlog from now on. */
  #listen(backlog: number): void {
    if (!this.#listens) this.#must('setsockopt', this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_REUSEADDR, 1));
    this.#must('listen', this.#libc.listen(this.#fd, backlog));
    this.#listens = true;
  }

  /** The option first: there is no moment in which others could use it. What waits to be accepted is reset. */
  #refuse(): void {
    if (!this.#listens) return;
    this.#must('setsockopt', this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_REUSEADDR, 0));
    this.#must('shutdown', this.#libc.shutdown(this.#fd, SHUT_RD));
    this.#listens = false;
    this.#unplug();
  }

  /** Who has connected while threads let go waits in the queue and fills it; mostly nobody has, then we do. */
  #fill(): void {
    if (this.#plug !== null) return;
    this.#listen(LEAST_BACKLOG);
    if (this.#libc.waitFor(this.#fd, POLLIN, 0) > 0) return;
    const name = reachableName(this.#libc, this.#fd);
    this.#plug = openStreamSocket(name);
    const result = this.#libc.connect(this.#plug, name);
    if (result !== -EINPROGRESS) this.#must('connect', result);
    this.#must('poll', this.#libc.waitFor(this.#fd, POLLIN, PLUG_TIMEOUT_MS));
  }

  /** Takes our own connection out of the queue, if it is in there. */
  #empty(plug: number): void {
    if (this.#libc.waitFor(plug, POLLOUT, 0) <= 0) return;
    const fd = this.#libc.accept(this.#fd);
    if (fd < 0) return;
    this.#libc.setsockoptStruct(fd, SOL_SOCKET, SO_LINGER, RESET_ON_CLOSE);
    this.#libc.close(fd);
  }

  #unplug(): void {
    if (this.#plug !== null) this.#libc.close(this.#plug);
    this.#plug = null;
  }

  #must(call: string, result: number): void {
    if (result < 0) throw errnoError(call, result);
  }
}
