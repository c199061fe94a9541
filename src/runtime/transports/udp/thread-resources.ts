/** What all native UDP sockets of a thread share: the memory of native calls, the way into the journal, and the reactor. */

import { ReceiveArena } from '../../native/arena.ts';
import { type Libc, loadLibc } from '../../native/libc.ts';
import { SendBatch } from '../../native/send-batch.ts';
import { KernelClock } from '../../native/socket-state.ts';
import { Reactor } from './mmsg-reactor.ts';
import { BatchWriter } from './mmsg-writer.ts';

/** What the sockets of a thread share. */
export type ThreadResources = {
  libc: Libc;
  arena: ReceiveArena;
  batch: SendBatch;
  clock: KernelClock;
  writer: BatchWriter;
  reactor: Reactor;
};

export function createThreadResources(): ThreadResources {
  const libc = loadLibc();
  const clock = new KernelClock(libc);
  return {
    libc,
    clock,
    arena: new ReceiveArena(libc),
    batch: new SendBatch(libc),
    writer: new BatchWriter(clock),
    reactor: new Reactor(libc),
  };
}
