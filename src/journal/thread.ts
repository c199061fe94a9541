/** The journal thread: opens the store and serves the main thread's commands. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { serve } from './desk.ts';
import { Host } from './host.ts';
import { Ledger } from './ledger.ts';
import type { FromJournal, JournalStart } from './protocol.ts';
import { SqliteStore } from './sqlite/sqliteStore.ts';

if (isMainThread || parentPort === null) throw new Error('the journal runs in a worker thread');
const port = parentPort;
const { dataDir, maxBytes } = workerData as JournalStart;
if (dataDir !== null) mkdirSync(dataDir, { recursive: true });
const store = new SqliteStore(dataDir === null ? null : join(dataDir, 'journal.db'));
const host = new Host(new Ledger(store, maxBytes), (heads) => port.postMessage({ heads } satisfies FromJournal));
serve(port, host);
