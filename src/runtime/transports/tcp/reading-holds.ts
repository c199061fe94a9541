/** ReadingHolds: the reasons why a socket is not read. It reads on when the last of them is gone. */
import type { HoldReason } from '../../pipeline/link.ts';
import type { StreamSocket } from './stream.ts';

const BIT: Readonly<Record<HoldReason, number>> = {
  credit: 1,
  unread: 2,
  answering: 4,
  paused: 8,
  asked: 16,
  rule: 32,
  stalled: 64,
};

export class ReadingHolds {
  readonly #socket: Pick<StreamSocket, 'pause' | 'resume'>;
  #bits = 0;

  constructor(socket: Pick<StreamSocket, 'pause' | 'resume'>) {
    this.#socket = socket;
  }

  get isEmpty(): boolean {
    return this.#bits === 0;
  }

  has(reason: HoldReason): boolean {
    return (this.#bits & BIT[reason]) !== 0;
  }

  set(reason: HoldReason, on: boolean): void {
    const before = this.#bits;
    this.#bits = on ? before | BIT[reason] : before & ~BIT[reason];
    if (before === 0 && this.#bits !== 0) this.#socket.pause();
    if (before !== 0 && this.#bits === 0) this.#socket.resume();
  }

  /** Reads on, whatever the reasons were. */
  clear(): void {
    this.#bits = 0;
    this.#socket.resume();
  }
}
