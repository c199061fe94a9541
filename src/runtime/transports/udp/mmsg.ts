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
import { Outbox } from './native/send-batch.ts';
import { KernelClock } from './native/socket-state.ts';

/** What the sockets of a thread share. */
export type Station = {
  libc: Libc;
  arena: ReceiveArena;
  outbox: Outbox;
  clock: KernelClock;
  writer: BatchWriter;
  reactor: Reactor;
};

export const mmsgTransport: Transport = { engine: 'mmsg', open };

let station: Station | undefined;

async function open(spec: BindingSpec, context: BindingContext): Promise<Binding> {
  if (context.attachment === null) throw new Error('the native engine reads sockets that main has opened');
  station ??= createStation();
  return new MmsgBinding(station, spec, context, context.attachment);
}

export function createStation(): Station {
  const libc = loadLibc();
  const clock = new KernelClock(libc);
  return {
    libc,
    clock,
    arena: new ReceiveArena(libc),
    outbox: new Outbox(libc),
    writer: new BatchWriter(clock),
    reactor: new Reactor(libc),
  };
}
