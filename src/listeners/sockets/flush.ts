/**
 * Causality: whoever has seen an effect of a message must find it in the next answer. So the threads of a listener read
 * what the kernel has queued and hand over what they hold before a read of that listener.
 */
import type { Listener } from '../listener.ts';

export async function flushListener(listener: Listener): Promise<void> {
  await ask(listener);
  // A binding that is being closed ships at the end of its loop turn; a second question comes after that.
  if (!listener.isOpen) await ask(listener);
}

/** A thread that dies has nothing to hand over any more. */
async function ask(listener: Listener): Promise<void> {
  const up = listener.bindings.filter((binding) => !binding.down);
  await Promise.allSettled(up.map(({ thread }) => thread.call('flush', { listener: listener.number })));
}
