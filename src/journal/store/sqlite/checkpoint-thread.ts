/** The thread of checkpoints.ts. A checkpoint that fails, as on a full disk, is made up for by the next. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { noteUnforeseen } from '../../unforeseen.ts';
import { type AuxiliaryThreadStart, begin, exit } from './auxiliary-thread.ts';
import type { CheckpointOrder } from './checkpoints.ts';

const start = workerData as AuxiliaryThreadStart;
begin(start);
const db = new DatabaseSync(start.file);

// The last net: a checkpoint that was not made is made up for by the next.
process.on('uncaughtException', noteUnforeseen);

parentPort?.on('message', (order: CheckpointOrder) => {
  if (order === 'checkpoint') checkpoint();
  else exit(start, () => db.close());
});

/** Passive: it goes as far as it can without holding up anybody. */
function checkpoint(): void {
  try {
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  } catch {}
  parentPort?.postMessage('done');
}
