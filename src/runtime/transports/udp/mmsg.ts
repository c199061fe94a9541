/**
 * UDP in batches on Linux: recvmmsg and sendmmsg through koffi. The main thread opened the socket and will close it;
 * here it is attached, read and left. All sockets of a thread share one arena, one outbox and one reactor.
 */
import type { BindingSpec } from '../../../workers/protocol.ts';
import type { Binding, BindingContext, Transport } from '../transport.ts';
import { MmsgBinding } from './mmsg-binding.ts';
import { Reactor } from './mmsg-reactor.ts';
import { BatchWriter } from './mmsg-writer.ts';
import { ReceiveArena } from './native/arena.ts';
import { type Libc, loadLibc } from './native/libc.ts';
import { SendBatch } from './native/send-batch.ts';
import { KernelClock } from './native/socket-state.ts';

/** What the sockets of a thread share. */
export type ThreadResources = {
  libc: Libc;
  arena: ReceiveArena;
  batch: SendBatch;
  clock: KernelClock;
  writer: BatchWriter;
  reactor: Reactor;
};

export const mmsgTransport: Transport = { engine: 'mmsg', open };

let resources: ThreadResources | undefined;

async function open(spec: BindingSpec, context: BindingContext): Promise<Binding> {
  if (context.attachment === null) throw new Error('the native engine reads sockets that main has opened');
  resources ??= createStation();
  return new MmsgBinding(resources, spec, context, context.attachment);
}

export function createStation(): ThreadResources {
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
