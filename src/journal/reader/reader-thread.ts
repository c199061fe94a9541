/** The thread of reader.ts: reads snapshots of the file, one a slice, and takes commands between the slices. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Handlers } from '../../rpc/protocol.ts';
import { RpcServer } from '../../rpc/rpc-server.ts';
import { type QueryResult, QueryRunner } from '../query/query-runner.ts';
import { TimeSlicer } from '../query/time-slicer.ts';
import { type AuxiliaryThreadStart, exit } from '../store/sqlite/auxiliary-thread.ts';
import { WalResetBarrier } from '../store/sqlite/wal-reset-barrier.ts';
import { noteUnforeseen } from '../unforeseen.ts';
import { journalErrorToWire } from '../wire-error.ts';
import type { FromReader, ReaderProtocol, ReaderStart, ToReader } from './reader.ts';
import { Snapshot } from './snapshot.ts';

/** Milliseconds of a slice. While one goes on, the write-ahead log can't begin anew. */
const SLICE = 10;

const start = workerData as AuxiliaryThreadStart<ReaderStart>;
const port = parentPort!;
const snapshot = new Snapshot(start.file, new WalResetBarrier(start.barrier));
const runner = new QueryRunner(snapshot, new TimeSlicer(() => {}, SLICE), (look) => snapshot.withSnapshot(look));
snapshot.chunks.onDamage = (damaged) => post({ damaged });

const handlers: Handlers<ReaderProtocol> = {
  read: ({ request, goal }, signal) => runner.run(request, signal, goal),
  endExport({ id }) {
    runner.exports.end(id);
    return null;
  },
};
const server = new RpcServer<ReaderProtocol>({ handlers, post, errorOf: journalErrorToWire, transferOf: bodyOf });

// The last net: it changes nothing in the file, so it may go on.
process.on('uncaughtException', noteUnforeseen);

port.on('message', (message: ToReader) => {
  if (message !== 'end') {
    void server.receive(message);
    return;
  }
  exit(() => snapshot.close());
});

/** The body is handed over, not copied. */
function bodyOf(reply: unknown): ArrayBuffer[] {
  const { result } = (reply ?? {}) as Partial<QueryResult>;
  return result === undefined ? [] : [result.body.buffer as ArrayBuffer];
}

function post(message: FromReader, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
