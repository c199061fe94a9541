/**
 * Sockets that the main thread opens itself and hands to threads. Such a socket outlives its threads: the replacement of
 * one goes on with it, and what the kernel had queued meanwhile is still there, datagrams and connections alike.
 */
import type { PreparedSocket } from '../../runtime/transport.ts';
import { transportOf } from '../../runtime/transports/transports.ts';
import type { BindingSpec } from '../../workers/protocol.ts';
import type { BindingSlot } from '../binding-slot.ts';

/**
 * The socket of one binding: its own, or that of the first where all listen on one.
 * Throws an Error with an errno `code`. Null where the thread opens sockets itself: with the portable engine.
 */
export function openSocket(
  spec: BindingSpec,
  { thread, row }: Pick<BindingSlot, 'thread' | 'row'>,
  first: PreparedSocket | null,
): PreparedSocket | null {
  if (thread.engine !== 'mmsg') return null;
  if (first?.isListening === true) return { ...first, close: () => {} };
  return transportOf(spec).prepare?.(spec, { droppedBefore: row.get('kernel') }) ?? null;
}
