/** The journal thread: opens the store and serves the main thread's commands. */
import { join } from 'node:path';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Ledger } from '../log/log.ts';
import type { FromJournal, JournalStart } from '../protocol.ts';
import { Reader } from '../reader/reader.ts';
import { Ballast } from '../store/sqlite/ballast.ts';
import { checkCompanions, FILE, openStore } from '../store/sqlite/begin.ts';
import { claimDirectory, unusable } from '../store/sqlite/directory-lock.ts';
import { SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { Gate } from '../store/sqlite/wal-reset-barrier.ts';
import { Room } from './disk-reserve.ts';
import { Host } from './journal-commands.ts';
import { serve } from './rpc-server.ts';
import { beginSession } from './session.ts';

if (isMainThread || parentPort === null) throw new Error('the journal runs in a worker thread');
const port = parentPort;
const { dataDir, maxBytes, fsync } = workerData as JournalStart;
const claim = dataDir === null ? null : claimDirectory(dataDir);
const file = dataDir === null ? null : join(dataDir, FILE);
const gate = new Gate();
const tell = (told: string) => port.postMessage({ told } satisfies FromJournal);
if (dataDir !== null) check(dataDir);
const ballast = dataDir === null ? null : new Ballast(dataDir);
const ledger = open();
ballast?.hold();
const postHeads = (heads: Float64Array) => port.postMessage({ heads } satisfies FromJournal);
const reader = file === null ? null : new Reader(file, gate);
const host = new Host({ ledger, room: new Room(ledger, ballast), reader, postHeads, tell });
process.on('exit', () => claim?.release());
serve(port, host);

function open(): Ledger {
  try {
    const store = file === null ? new SqliteStore(null) : openStore(file, { fsync, gate }, tell);
    const ledger = new Ledger(store, maxBytes);
    beginSession(ledger);
    return ledger;
  } catch (error) {
    throw dataDir === null ? error : unusable(dataDir, error as Error);
  }
}

function check(directory: string): void {
  try {
    checkCompanions(directory, tell);
  } catch (error) {
    throw unusable(directory, error as Error);
  }
}
