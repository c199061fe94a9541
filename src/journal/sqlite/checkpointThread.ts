/** The thread of checkpoints.ts. A checkpoint that fails, as on a full disk, is made up for by the next. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { CheckpointStart } from './checkpoints.ts';

const { file, ended } = workerData as CheckpointStart;
const db = new DatabaseSync(file);

parentPort?.on('message', (order: 'checkpoint' | 'end') => {
  if (order === 'end') end();
  else checkpoint();
});

/** Passive: it goes as far as it can without holding up anybody. */
function checkpoint(): void {
  try {
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  } catch {}
}

function end(): void {
  db.close();
  Atomics.store(ended, 0, 1);
  Atomics.notify(ended, 0);
  parentPort?.close();
}
