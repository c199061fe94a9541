/**
 * A UDP port that is held and answers nobody: its sockets are hidden, so that the kernel finds none. A socket that was
 * hidden is not brought back, for it would no longer share what comes with the others evenly: fresh ones join the port.
 */
import type { PreparedSocket } from '../../runtime/transport.ts';
import type { ConnectPhase } from '../connect-phase.ts';
import type { Listener } from '../listener.ts';
import { joinPort } from './bindings.ts';
import { relieve, socketsOf } from './hidden-port.ts';

/**
 * Opens a fresh socket for each binding and has its thread go on with that. One whose thread is gone follows with the
 * replacement. Throws an Error with an errno `code`; then nothing has changed.
 */
export async function showPort(listener: Listener, before: ConnectPhase): Promise<void> {
  const { bindings } = listener;
  const hidden = [...socketsOf(bindings), ...before.held];
  const fresh: PreparedSocket[] = [];
  for (const socket of hidden) socket.share?.(true);
  try {
    for (const binding of bindings) fresh.push(joinPort(listener, binding));
  } catch (error) {
    for (const socket of fresh) socket.close();
    for (const socket of hidden) socket.share?.(false);
    throw error;
  }
  if (bindings.length === 1) fresh[0]!.share?.(false);
  for (const [i, binding] of bindings.entries()) {
    binding.successor?.close();
    binding.successor = fresh[i]!;
  }
  const up = bindings.filter(({ down }) => !down);
  await Promise.allSettled(up.map((binding) => relieve(listener, binding)));
}
