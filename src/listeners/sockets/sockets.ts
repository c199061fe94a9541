/**
 * Sockets that the main thread opens itself and hands to threads. Such a socket outlives its threads: the replacement of
 * one goes on with it, and what the kernel had queued meanwhile is still there, datagrams and connections alike.
 */
import { ProblemError } from '../../errors.ts';
import type { PreparedSocket } from '../../runtime/transport.ts';
import { transportOf } from '../../runtime/transports/transports.ts';
import type { BindingSpec } from '../../workers/protocol.ts';
import type { BindingSlot } from '../binding-slot.ts';
import type { ConnectPhase } from '../connect-phase.ts';

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

/** Another datagram socket at a place where main has one. Throws an Error with an errno `code`. */
export function joinSocket(spec: BindingSpec, { row }: Pick<BindingSlot, 'row'>): PreparedSocket {
  return transportOf(spec).prepare!(spec, { droppedBefore: row.get('kernel'), joins: true });
}

/** Throws 422 where the kernel has to do something about a socket that main does not have. */
export function checkKernelSide({ kernelSide }: ConnectPhase, socket: PreparedSocket | null): void {
  if (kernelSide === null || socket !== null) return;
  const { pointer, what } = kernelSide;
  const detail = `${pointer}: ${what} needs the native engine, which runs on Linux and is not in use here`;
  throw new ProblemError('unprocessable', detail, { errors: [{ in: 'body', pointer, detail }] });
}
