/** Reads of the same in one turn are one read, and each reader gets its result. */
import { cancellable } from '../rpc/cancellable.ts';
import type { Read, ReadResult } from '../schemas/reads.ts';
import { readerGone } from './journal-error.ts';

/** `key` is the request in text: requests that are alike have the same. */
type Ask = (request: Read, key: string, signal: AbortSignal) => Promise<ReadResult>;
type SharedRead = { result: Promise<ReadResult>; readers: number; controller: AbortController };

export class SharedReads {
  readonly #ask: Ask;
  /** Those of this turn, by key. */
  readonly #reads = new Map<string, SharedRead>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** It is asked at the end of the turn, so it misses nothing. Cancelled when all its readers have gone. */
  read(request: Read, signal?: AbortSignal): Promise<ReadResult> {
    const key = JSON.stringify(request);
    let shared = this.#reads.get(key);
    if (shared === undefined) {
      shared = this.#begin(request, key);
      this.#reads.set(key, shared);
    }
    shared.readers++;
    return signal === undefined ? shared.result : cancellable(shared.result, signal, () => this.#leave(shared));
  }

  #begin(request: Read, key: string): SharedRead {
    const { promise, resolve } = Promise.withResolvers<ReadResult>();
    const controller = new AbortController();
    queueMicrotask(() => {
      this.#reads.delete(key);
      resolve(this.#ask(request, key, controller.signal));
    });
    promise.catch(() => {});
    return { result: promise, readers: 0, controller };
  }

  #leave(shared: SharedRead): Error {
    if (--shared.readers === 0) shared.controller.abort();
    return readerGone();
  }
}
