/** Desk: takes the main thread's commands from its port, has the host carry them out, and answers each under its id. */
import type { MessagePort } from 'node:worker_threads';
import type { Host } from './host.ts';
import { JournalError } from './journalError.ts';
import type { FromJournal, JournalWireError, ToJournal } from './protocol.ts';
import { Caller } from './query/caller.ts';

/** Serves a port until `close` is the command. */
export function serve(port: MessagePort, host: Host): void {
  const callers = new Map<number, Caller>();
  const post = (message: FromJournal) => port.postMessage(message);

  port.on('message', (message: ToJournal) => {
    if ('leave' in message) callers.get(message.leave)?.leave();
    else void answer(message);
  });
  post({ ready: true });

  async function answer(command: Exclude<ToJournal, { leave: number }>): Promise<void> {
    const { id } = command;
    const caller = new Caller();
    callers.set(id, caller);
    try {
      post({ id, reply: await carryOut(host, command, caller) });
    } catch (error) {
      post({ id, error: wireError(error) });
    }
    callers.delete(id);
    if (command.name === 'close') port.close();
  }
}

function carryOut(host: Host, command: Exclude<ToJournal, { leave: number }>, caller: Caller): unknown {
  const handler = host[command.name] as (request: unknown, caller: Caller) => unknown;
  return handler.call(host, command.request, caller);
}

/** What was not foreseen is logged here, with its stack, and told as `internal`. */
function wireError(error: unknown): JournalWireError {
  if (error instanceof JournalError) return { code: error.code, message: error.message };
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`journal: ${stack}\n`);
  return { code: 'internal', message };
}
