/** How a command ends before its time: by a signal, or because nobody reads its output any more (`| head`). */
import { SIGNAL_CODES, type Signal, takeSignals } from '../signals.ts';
import { FAILED } from './failure.ts';

/** Ctrl-C under npm arrives twice, from the terminal and from npm: within so many milliseconds that is one signal. */
const ECHO = 250;

export class Ending {
  readonly #over = new AbortController();
  readonly #onSignal = (signal: Signal) => this.#signalled(signal);
  readonly #onOutputError = (error: NodeJS.ErrnoException) => this.#outputBroke(error);
  #code: number | undefined;
  #since = 0;

  /** Takes over the signals until `release`. A second one ends the process at once. */
  constructor() {
    for (const signal of Object.keys(SIGNAL_CODES)) process.on(signal, this.#onSignal);
    takeSignals();
    for (const stream of [process.stdout, process.stderr]) stream.on('error', this.#onOutputError);
  }

  /** Aborted when the command shall end. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** The exit code that goes with it; undefined while the command may go on. */
  get code(): number | undefined {
    return this.#code;
  }

  /** The result of some work, or an AbortError as soon as the command shall end. */
  async orOver<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const give = () => reject(new DOMException('ended', 'AbortError'));
    this.signal.addEventListener('abort', give, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      this.signal.removeEventListener('abort', give);
    }
  }

  release(): void {
    for (const signal of Object.keys(SIGNAL_CODES)) process.off(signal, this.#onSignal);
  }

  #signalled(signal: Signal): void {
    if (this.#code !== undefined && performance.now() - this.#since > ECHO) process.exit(SIGNAL_CODES[signal]);
    this.#end(SIGNAL_CODES[signal]);
  }

  /** A reader that has enough is no failure. */
  #outputBroke({ code }: NodeJS.ErrnoException): void {
    this.#end(code === 'EPIPE' ? 0 : FAILED);
  }

  #end(code: number): void {
    if (this.#code !== undefined) return;
    this.#code = code;
    this.#since = performance.now();
    this.#over.abort();
  }
}
