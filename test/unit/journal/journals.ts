/** A journal in a thread of its own, and ports into it, for tests. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Test } from 'tap';
import { type JournalOptions, openJournal } from '../../../src/journal/client.ts';
import type { Journal } from '../../../src/journal/ports.ts';

export async function open(t: Test, options: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await openJournal({ dataDir: null, execArgv: [], ...options });
  t.teardown(() => journal.close());
  return journal;
}

/** The worker's end of a port, which counts the credit that comes back. */
export function port(
  t: Test,
  journal: Journal,
): { send: (chunk: Uint8Array<ArrayBuffer>) => void; owed: () => number; port: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  journal.attach(port2);
  let owed = 0;
  port1.on('message', (bytes: number) => {
    owed -= bytes;
  });
  port1.unref();
  t.teardown(() => port1.close());
  const send = (each: Uint8Array<ArrayBuffer>) => {
    owed += each.length;
    port1.postMessage(each, [each.buffer]);
  };
  return { send, owed: () => owed, port: port1 };
}
