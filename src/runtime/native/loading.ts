/**
 * Native code can't be loaded by halves: a thread that is ended while it loads the library aborts the whole process. So
 * threads count themselves in while they load, in memory that all threads of the process share, and the main thread's
 * exit waits for them, whatever made it exit. Once it does, no thread begins any more.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const KEY = 'listenpost.native.loading';
/** Added to the number of threads that load once the process exits. */
const EXITING = 1 << 30;
/** Milliseconds that an exit waits at most. Loading takes some 20. */
const LOAD_TIMEOUT_MS = 2000;

/** One word: how many threads load now. */
const cell = new Int32Array(sharedMemory());

/** Runs `load`, which an exit of the process waits for. Throws instead when the process exits already. */
export function loading<T>(load: () => T): T {
  try {
    if (Atomics.add(cell, 0, 1) >= EXITING) throw new Error('the process exits');
    return load();
  } finally {
    Atomics.sub(cell, 0, 1);
    Atomics.notify(cell, 0);
  }
}

/** A thread finds what the main thread laid down before it started the thread. */
function sharedMemory(): SharedArrayBuffer {
  const laidDown = getEnvironmentData(KEY);
  if (laidDown instanceof SharedArrayBuffer) return laidDown;
  const memory = new SharedArrayBuffer(4);
  if (isMainThread) {
    setEnvironmentData(KEY, memory);
    process.on('exit', awaitLoading);
  }
  return memory;
}

/** Blocks the main thread: on exit nothing else is left to do. The loading itself never needs it. */
function awaitLoading(): void {
  const deadline = performance.now() + LOAD_TIMEOUT_MS;
  let loaders = Atomics.or(cell, 0, EXITING) & ~EXITING;
  while (loaders > 0 && performance.now() < deadline) {
    Atomics.wait(cell, 0, EXITING + loaders, deadline - performance.now());
    loaders = Atomics.load(cell, 0) & ~EXITING;
  }
}
