/**
 * A worker's line to the journal thread: chunks out, transferred; credit back in bytes that are committed. MessagePort
 * queues have no limit of their own, so the credit is what keeps memory bounded when the journal stalls.
 */
import type { MessagePort } from 'node:worker_threads';
import type { CreditMessage } from '../records/chunk-transfer.ts';

export class CreditedLink {
  readonly #port: MessagePort;
  #left: number;
  #waiting: (() => void)[] = [];

  /** @param credit bytes that may be unacknowledged */
  constructor(port: MessagePort, credit: number) {
    this.#port = port;
    this.#left = credit;
    port.on('message', (bytes: CreditMessage) => this.#refill(bytes));
  }

  /** Whether another chunk may be posted. One chunk may overdraw it. */
  get hasCredit(): boolean {
    return this.#left > 0;
  }

  /** Calls back once, at the next moment with credit; at the end of the loop turn when there is credit now. */
  onCredit(callback: () => void): void {
    if (this.hasCredit) setImmediate(callback);
    else this.#waiting.push(callback);
  }

  /**
   * Hands a chunk over; its memory is gone afterwards. The chunk must own the whole of its buffer. One that can't be
   * posted costs no credit, for none would come back; throws then.
   */
  post(chunk: Uint8Array): void {
    const { byteLength } = chunk;
    this.#port.postMessage(chunk, [chunk.buffer as ArrayBuffer]);
    this.#left -= byteLength;
  }

  close(): void {
    this.#port.close();
  }

  #refill(bytes: number): void {
    this.#left += bytes;
    if (!this.hasCredit) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) apart(callback);
  }
}

/** What one throws is nothing to the others: it goes to the thread's last net. */
function apart(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
