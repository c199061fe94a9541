/** Tells the threads of a listener what changed without a rebind. */
import type { Listener } from '../listener.ts';

/** A thread that dies meanwhile takes the new spec when its replacement opens the binding. */
export async function updateThreads(listener: Listener): Promise<void> {
  const request = { listener: listener.number, live: listener.live };
  const up = listener.bindings.filter((binding) => !binding.down);
  await Promise.allSettled(up.map((binding) => binding.thread.call('update', request)));
}
