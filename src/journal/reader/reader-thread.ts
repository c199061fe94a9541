/** The thread of reader.ts: walks through snapshots of the file, one a slice, and takes orders between the slices. */
import { parentPort, workerData } from 'node:worker_threads';
import { Cancellation } from '../../rpc/caller.ts';
import { QueryRunner } from '../query/query-runner.ts';
import { TimeSlicer } from '../query/time-slicer.ts';
import { type AuxiliaryThreadStart, begin, exit } from '../store/sqlite/auxiliary-thread.ts';
import { WalResetBarrier } from '../store/sqlite/wal-reset-barrier.ts';
import { wireError } from '../thread/rpc-server.ts';
import { noteUnforeseen } from '../unforeseen.ts';
import type { FromReader, ReaderStart, ToReader, WalkOrder } from './protocol.ts';
import { Snapshot } from './snapshot.ts';

/** Milliseconds of a slice. While one goes on, the write-ahead log can't begin anew. */
const SLICE = 10;

const start = workerData as AuxiliaryThreadStart<ReaderStart>;
begin(start);
const port = parentPort!;
const snapshot = new Snapshot(start.file, new WalResetBarrier(start.barrier));
const walks = new QueryRunner(snapshot, new TimeSlicer(() => {}, SLICE), (look) => snapshot.withSnapshot(look));
snapshot.chunks.onDamage = (damaged) => post({ damaged });
const callers = new Map<number, Cancellation>();

// The last net: it changes nothing in the file, so it may go on.
process.on('uncaughtException', noteUnforeseen);

port.on('message', (order: ToReader) => {
  if (order === 'end') {
    snapshot.close();
    exit(start);
  } else if ('leave' in order) callers.get(order.leave)?.leave();
  else if ('endExport' in order) walks.exports.end(order.endExport);
  else void walk(order);
});

/** The body is handed over, not copied. */
async function walk({ id, request, goal }: WalkOrder): Promise<void> {
  const caller = new Cancellation();
  callers.set(id, caller);
  try {
    const walked = await walks.run(request, caller, goal);
    post({ id, walked }, [walked.pulled.body.buffer as ArrayBuffer]);
  } catch (error) {
    const wire = wireError(error);
    if (wire.code === 'internal') noteUnforeseen(error);
    post({ id, error: wire });
  }
  callers.delete(id);
}

function post(message: FromReader, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
