/**
 * WalResetBarrier: lets the thread that writes a file keep out the one that reads it, for as long as a step takes. A reader that
 * always has some transaction open would keep the write-ahead log from ever beginning anew.
 */

/** Milliseconds to wait for the reader to come out; longer than any of its slices. */
const LEAVE_TIMEOUT_MS = 100;
/** Milliseconds after which the reader looks again by itself. */
const LOOK = 1000;

/** The memory of a gate, for both threads. */
export type WalResetBarrierCells = Int32Array<SharedArrayBuffer>;

/** Cells: the gate is shut; the reader is inside. */
const SHUT = 0;
const INSIDE = 1;

export class WalResetBarrier {
  /** To be shared with the other thread. */
  readonly cells: WalResetBarrierCells;

  constructor(cells: WalResetBarrierCells = new Int32Array(new SharedArrayBuffer(8))) {
    this.cells = cells;
  }

  /** The writer's: carries out the step while the reader is out, or though it would not come out. */
  alone<T>(step: () => T): T {
    Atomics.store(this.cells, SHUT, 1);
    Atomics.wait(this.cells, INSIDE, 1, LEAVE_TIMEOUT_MS);
    try {
      return step();
    } finally {
      this.#turn(SHUT);
    }
  }

  /** The reader's: goes in as soon as the gate is open. */
  enter(): void {
    for (;;) {
      Atomics.store(this.cells, INSIDE, 1);
      if (Atomics.load(this.cells, SHUT) === 0) return;
      this.leave();
      Atomics.wait(this.cells, SHUT, 1, LOOK);
    }
  }

  /** The reader's. */
  leave(): void {
    this.#turn(INSIDE);
  }

  #turn(cell: number): void {
    Atomics.store(this.cells, cell, 0);
    Atomics.notify(this.cells, cell);
  }
}
