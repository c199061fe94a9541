/** Sockets of a UDP listener that the kernel finds no more, and those that relieve them. */
import type { BindingSlot } from '../binding-slot.ts';
import type { ConnectPhase } from '../connect-phase.ts';
import type { Listener } from '../listener.ts';

/** Hides all sockets of a listener. What is queued by now is still read. */
export function hidePort(bindings: readonly BindingSlot[], phase: ConnectPhase): void {
  for (const { socket } of bindings) socket?.hide?.();
  phase.held = bindings[0]?.socket?.holdAddresses?.() ?? [];
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
