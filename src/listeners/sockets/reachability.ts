/**
 * A UDP port that is held and answers nobody: its sockets are hidden, so that the kernel finds none. A socket that was
 * hidden is not brought back, for it would no longer share what comes with the others evenly: fresh ones join the port.
 */
import type { BindingSlot } from '../binding-slot.ts';
import type { ConnectPhase } from '../connect-phase.ts';
import type { Listener } from '../listener.ts';
import { joinPort } from './bindings.ts';
import { relieve } from './hidden-port.ts';

/**
 * Opens a fresh socket for each binding and has its thread go on with that. One whose thread is gone follows with the
 * replacement. Throws an Error with an errno `code`; then nothing has changed.
 */
export async function showPort(listener: Listener, before: ConnectPhase): Promise<void> {
  const { bindings } = listener;
  const hidden = bindings.flatMap(({ socket }) => socket ?? []);
  const share = (on: boolean) => {
    for (const socket of [...hidden, ...before.held]) socket.share?.(on);
  };
  share(true);
  const opened: BindingSlot[] = [];
  try {
    for (const binding of bindings) {
      binding.successor = joinPort(listener, binding);
      opened.push(binding);
    }
  } catch (error) {
    for (const binding of opened) {
      binding.successor?.close();
      binding.successor = null;
    }
    if (bindings.length === 1) share(false);
    throw error;
  }
  if (bindings.length === 1) bindings[0]!.successor!.share?.(false);
  const up = bindings.filter(({ down }) => !down);
  await Promise.allSettled(up.map((binding) => relieve(listener, binding)));
}
