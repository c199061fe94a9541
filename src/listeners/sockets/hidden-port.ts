/** Sockets of a UDP listener that the kernel finds no more, and those that relieve them. */
import type { PreparedSocket } from '../../runtime/transport.ts';
import type { BindingSlot } from '../binding-slot.ts';
import type { ConnectPhase } from '../connect-phase.ts';
import type { Listener } from '../listener.ts';

/** Hides all sockets of a listener, and lets nobody join them. What is queued by now is still read. */
export function hidePort(bindings: readonly BindingSlot[], phase: ConnectPhase): void {
  const sockets = socketsOf(bindings);
  for (const socket of sockets) socket.hide?.();
  for (const socket of sockets) socket.share?.(false);
  phase.held = bindings[0]?.socket?.holdAddresses?.() ?? [];
}

/** Those in use, and those that are to be. */
export function socketsOf(bindings: readonly BindingSlot[]): PreparedSocket[] {
  return bindings.flatMap(({ socket, successor }) => [socket ?? [], successor ?? []].flat());
}

/** Has the thread of a binding go on with its successor; the socket before is closed. Rejects with a WorkerError; then it stays. */
export async function relieve(listener: Listener, binding: BindingSlot): Promise<void> {
  const { thread, incarnation, socket, successor } = binding;
  const { attachment } = successor!;
  const { droppedBefore } = await thread.call('attach', { listener: listener.number, incarnation, attachment });
  binding.socket = { ...successor!, attachment: { ...attachment, droppedBefore } };
  binding.successor = null;
  socket?.close();
}
