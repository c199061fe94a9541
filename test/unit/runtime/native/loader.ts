/** A process that exits, with code 7, so many milliseconds after the first of its threads began to load native code. */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { loadLibc } from '../../../../src/runtime/native/libc.ts';

const THREADS = 4;

if (isMainThread) {
  const begun = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 0; i < THREADS; i++) new Worker(new URL(import.meta.url), { workerData: begun });
  await Atomics.waitAsync(begun, 0, 0).value;
  const since = performance.now();
  while (performance.now() - since < Number(process.argv[2]));
  process.exit(7);
} else {
  const begun = workerData as Int32Array;
  Atomics.store(begun, 0, 1);
  Atomics.notify(begun, 0);
  loadLibc();
}
