/** The journal thread: opens the store and serves the main thread's commands. */
import { join } from 'node:path';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { serve } from './desk.ts';
import { Host } from './host.ts';
import { Ledger } from './ledger.ts';
import type { FromJournal, JournalStart } from './protocol.ts';
import { beginSession } from './session.ts';
import { claimDirectory } from './sqlite/claim.ts';
import { SqliteStore } from './sqlite/sqliteStore.ts';

if (isMainThread || parentPort === null) throw new Error('the journal runs in a worker thread');
const port = parentPort;
const { dataDir, maxBytes, fsync } = workerData as JournalStart;
const claim = dataDir === null ? null : claimDirectory(dataDir);
const store = new SqliteStore(dataDir === null ? null : join(dataDir, 'journal.db'), fsync);
const ledger = new Ledger(store, maxBytes);
beginSession(ledger);
const host = new Host(ledger, (heads) => port.postMessage({ heads } satisfies FromJournal));
process.on('exit', () => claim?.release());
serve(port, host);
