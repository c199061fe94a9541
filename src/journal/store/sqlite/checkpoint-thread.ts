/** The thread of checkpoints.ts. A checkpoint that fails, as on a full disk, is made up for by the next. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { noteUnforeseen } from '../../unforeseen.ts';
import { type AuxiliaryThreadStart, exit } from './auxiliary-thread.ts';
import type { CheckpointOrder } from './checkpoints.ts';

const { file } = workerData as AuxiliaryThreadStart;
const db = new DatabaseSync(file);

// The last net: a checkpoint that was not made is made up for by the next.
process.on('uncaughtException', noteUnforeseen);

parentPort?.on('message', (order: CheckpointOrder) => {
  if (order === 'checkpoint') checkpoint();
  else exit(() => db.close());
});

/** Passive: it goes as far as it can without holding up anybody. */
function checkpoint(): void {
  try {
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  } catch {}
  parentPort?.postMessage('done');
}
