/** AuxiliaryThread: a thread that has a connection of its own to a file of this thread, and ends before this one closes it. */
import { Worker } from 'node:worker_threads';

/** Milliseconds it may take to end by itself. */
const EXIT_TIMEOUT_MS = 5000;

/** What the thread is told at its start. */
export type AuxiliaryThreadStart<More = object> = More & { file: string };

type Parts<Report> = {
  file: string;
  receive?: (report: Report) => void;
  /** What else it is told at its start. */
  more?: object;
};

export class AuxiliaryThread<Order, Report = never> {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;

  constructor(name: string, url: URL, { file, receive, more }: Parts<Report>) {
    const workerData: AuxiliaryThreadStart = { ...more, file };
    this.#worker = new Worker(url, { name, workerData, execArgv: [] });
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    if (receive !== undefined) this.#worker.on('message', receive);
    this.#worker.unref();
  }

  post(order: Order): void {
    this.#worker.postMessage(order);
  }

  /**
   * Resolves when the thread, told so by the order, has ended, and its connection with it; no report comes after the
   * call. One that does not end in time is terminated.
   */
  async close(order: Order): Promise<void> {
    this.#worker.removeAllListeners('message');
    this.#worker.ref();
    try {
      this.post(order);
    } catch {
      // One that can't be told would keep this thread, and with it the directory.
      void this.#worker.terminate();
    }
    const timer = setTimeout(() => void this.#worker.terminate(), EXIT_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** Inside the thread: closes the file and ends it, however the closing goes. */
export function exit(close: () => void): void {
  try {
    close();
  } finally {
    process.exit();
  }
}
