/** AuxiliaryThread: a thread that has a connection of its own to a file of this thread, and lets go of it before this one does. */
import { parentPort, Worker } from 'node:worker_threads';

/** Milliseconds it may take to let go. */
const EXIT_TIMEOUT_MS = 5000;

/** How far a thread is: on its way, with the file open, or never to open it (again). */
const STARTING = 0;
const OPEN = 1;
const ENDED = 2;

/** What the thread is told at its start. `phase[0]` is how far it is. */
export type AuxiliaryThreadStart<More = object> = More & { file: string; phase: Int32Array };

type Parts<Report> = {
  file: string;
  receive?: (report: Report) => void;
  /** What else it is told at its start. */
  more?: object;
};

export class AuxiliaryThread<Order, Report = never> {
  readonly #worker: Worker;
  readonly #phase = new Int32Array(new SharedArrayBuffer(4));

  constructor(name: string, url: URL, { file, receive, more }: Parts<Report>) {
    const workerData: AuxiliaryThreadStart = { ...more, file, phase: this.#phase };
    this.#worker = new Worker(url, { name, workerData, execArgv: [] });
    if (receive !== undefined) this.#worker.on('message', receive);
    this.#worker.unref();
  }

  post(order: Order): void {
    this.#worker.postMessage(order);
  }

  /**
   * Returns when the thread, told so by the order, has let go of the file; no report comes after that. One that is still starting is not waited for:
   * loading its code may need the event loop of this thread.
   */
  close(order: Order): void {
    this.#worker.removeAllListeners('message');
    if (Atomics.compareExchange(this.#phase, 0, STARTING, ENDED) === STARTING) return;
    this.post(order);
    Atomics.wait(this.#phase, 0, OPEN, EXIT_TIMEOUT_MS);
  }
}

/** Inside the thread, before it opens the file: ends it when it comes too late. */
export function begin({ phase }: AuxiliaryThreadStart): void {
  if (Atomics.compareExchange(phase, 0, STARTING, OPEN) !== STARTING) process.exit();
}

/** Inside the thread: closes the file and ends it, however the closing goes. */
export function exit({ phase }: AuxiliaryThreadStart, close: () => void): void {
  try {
    close();
  } finally {
    Atomics.store(phase, 0, ENDED);
    Atomics.notify(phase, 0);
    parentPort?.close();
    process.exit();
  }
}
