/**
 * ListeningSocket: the one socket that the threads of a TCP listener listen on, in the hands of main, and how the kernel
 * meets those who connect to it. All of it needs no privilege. A change has two steps, for threads have to let go of a
 * socket that stops to listen, and to take hold of one that listens again: `prepare` before they are told, `settle` after.
 *
 * - `blackhole`: a filter drops all that comes for the listening socket; open connections have sockets of their own.
 * - `refuse`: it stays bound and does not listen. Without SO_REUSEADDR then, or a program that sets it could listen there;
 *   with it again before it listens, or connections that are open or in TIME_WAIT would be in the way.
 */
import type { AcceptMode } from '../../schemas/connect-phase.ts';
import {
  BPF_RET_K,
  SHUT_RD,
  SO_ATTACH_FILTER,
  SO_DETACH_FILTER,
  SO_REUSEADDR,
  SOCK_FILTER,
  SOCK_FPROG,
  SOL_SOCKET,
} from './layout.ts';
import { errnoError, type Libc, loadLibc } from './libc.ts';

export class ListeningSocket {
  readonly #libc: Libc = loadLibc();
  readonly #fd: number;
  readonly #backlog: number;
  #listens = false;
  #drops = false;

  /** @param fd a bound socket */
  constructor(fd: number, backlog: number) {
    this.#fd = fd;
    this.#backlog = backlog;
  }

  /** Before threads are told. Nobody new comes in between this and `settle` where that is what is asked for. Throws an Error with an errno `code`. */
  prepare(mode: AcceptMode): void {
    if (mode === 'blackhole' || mode === 'refuse') this.#drop(true);
    if (mode !== 'refuse') this.#listen();
  }

  /** After threads have been told. Throws an Error with an errno `code`. */
  settle(mode: AcceptMode): void {
    if (mode === 'refuse') this.#refuse();
    if (mode !== 'blackhole') this.#drop(false);
  }

  /** Both, while no thread knows of it. The port is known to be free of other listeners only once it has listened. */
  begin(mode: AcceptMode): void {
    this.prepare(mode);
    this.#listen();
    this.settle(mode);
  }

  #listen(): void {
    if (this.#listens) return;
    this.#set(SO_REUSEADDR, 1);
    this.#must('listen', this.#libc.listen(this.#fd, this.#backlog));
    this.#listens = true;
  }

  /** The option first: there is no moment in which others could use it. What is accepted before has it, and must. */
  #refuse(): void {
    if (!this.#listens) return;
    this.#set(SO_REUSEADDR, 0);
    this.#must('shutdown', this.#libc.shutdown(this.#fd, SHUT_RD));
    this.#listens = false;
  }

  #drop(on: boolean): void {
    if (this.#drops === on) return;
    if (on) this.#attachFilter();
    else this.#set(SO_DETACH_FILTER, 0);
    this.#drops = on;
  }

  /** A program of one instruction that lets nothing through; the kernel makes a copy of it. */
  #attachFilter(): void {
    const filter = new Uint8Array(SOCK_FILTER.bytes);
    new DataView(filter.buffer).setUint16(SOCK_FILTER.code, BPF_RET_K, true);
    const program = new Uint8Array(SOCK_FPROG.bytes);
    const view = new DataView(program.buffer);
    view.setUint16(SOCK_FPROG.length, 1, true);
    view.setBigUint64(SOCK_FPROG.filter, BigInt(this.#libc.address(filter)), true);
    this.#must('setsockopt', this.#libc.setsockoptStruct(this.#fd, SOL_SOCKET, SO_ATTACH_FILTER, program));
  }

  #set(option: number, value: number): void {
    this.#must('setsockopt', this.#libc.setsockopt(this.#fd, SOL_SOCKET, option, value));
  }

  #must(call: string, result: number): void {
    if (result < 0) throw errnoError(call, result);
  }
}
