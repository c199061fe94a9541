/**
 * Internal errors: what is thrown where nothing should be, when a message, a frame or a timer meets a mistake of this
 * program. Caught where it enters the thread, so that the thread goes on; main is told of a few a second, and of how many more.
 */
import type { ErrorPlace, WorkerEvent } from '../workers/protocol.ts';

/** Errors a second that are told. */
const REPORTED_A_SECOND = 5;

export class InternalErrors {
  readonly #post: (event: WorkerEvent) => void;
  #second = 0;
  #reported = 0;
  #unreported = 0;

  constructor(post: (event: WorkerEvent) => void) {
    this.#post = post;
  }

  /** @param place null when it belongs to no listener that is known */
  note(error: unknown, place: ErrorPlace | null): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#reported = 0;
    this.#second = second;
    if (++this.#reported > REPORTED_A_SECOND) {
      this.#unreported++;
      return;
    }
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    try {
      this.#post({ event: 'internalError', place, message, stack: stack ?? message, unreported: this.#unreported });
      this.#unreported = 0;
    } catch {
      // It is the thread's last net that calls: what it throws would end the thread.
      this.#unreported++;
    }
  }
}
