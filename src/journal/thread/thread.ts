/** The journal thread: opens the store and serves the main thread's commands. */
import { join } from 'node:path';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Log } from '../log/log.ts';
import type { JournalEvent, JournalStart } from '../protocol.ts';
import { Reader } from '../reader/reader.ts';
import { Ballast } from '../store/sqlite/ballast.ts';
import { checkCompanions, FILE, openStore } from '../store/sqlite/begin.ts';
import { claimDirectory, unusable } from '../store/sqlite/directory-lock.ts';
import { SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { WalResetBarrier } from '../store/sqlite/wal-reset-barrier.ts';
import { noteUnforeseen } from '../unforeseen.ts';
import { serveCommands } from './command-server.ts';
import { DiskReserve } from './disk-reserve.ts';
import { JournalCommands } from './journal-commands.ts';
import { beginSession } from './session.ts';

if (isMainThread || parentPort === null) throw new Error('the journal runs in a worker thread');
const port = parentPort;
const { dataDir, maxBytes, fsync } = workerData as JournalStart;
const claim = dataDir === null ? null : claimDirectory(dataDir);
const file = dataDir === null ? null : join(dataDir, FILE);
const barrier = new WalResetBarrier();
const notify = (notice: string) => {
  try {
    port.postMessage({ notice } satisfies JournalEvent);
  } catch (error) {
    noteUnforeseen(error);
  }
};
if (dataDir !== null) check(dataDir);
const ballast = dataDir === null ? null : new Ballast(dataDir);
const log = open();
ballast?.hold();
const postTails = (tails: Float64Array) => port.postMessage({ tails } satisfies JournalEvent);
const reader = file === null ? null : new Reader(file, barrier);
const commands = new JournalCommands({ log, reserve: new DiskReserve(log, ballast), reader, postTails, notify });
process.on('exit', () => claim?.release());
serveCommands(port, commands);

function open(): Log {
  try {
    const store = file === null ? new SqliteStore(null) : openStore(file, { fsync, barrier }, notify);
    const log = new Log(store, maxBytes);
    beginSession(log);
    return log;
  } catch (error) {
    throw dataDir === null ? error : unusable(dataDir, error as Error);
  }
}

function check(directory: string): void {
  try {
    checkCompanions(directory, notify);
  } catch (error) {
    throw unusable(directory, error as Error);
  }
}
