/** Desk: takes the main thread's commands from its port, has the host carry them out, and answers each under its id. */
import type { MessagePort } from 'node:worker_threads';
import { Cancellation } from '../../rpc/caller.ts';
import { JournalError } from '../journal-error.ts';
import type { FromJournal, JournalWireError, ToJournal } from '../protocol.ts';
import { SHARED_BYTES } from '../query/reads.ts';
import { isDamage } from '../store/sqlite/storage-fault.ts';
import { noteUnforeseen } from '../unforeseen.ts';
import type { JournalCommands } from './journal-commands.ts';

/** Serves a port until `close` is the command. */
export function serve(port: MessagePort, host: JournalCommands): void {
  const callers = new Map<number, Cancellation>();
  const post = (message: FromJournal, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

  port.on('message', (message: ToJournal) => {
    if ('leave' in message) callers.get(message.leave)?.leave();
    else void answer(message);
  });
  post({ ready: true });

  async function answer(command: Exclude<ToJournal, { leave: number }>): Promise<void> {
    const { id } = command;
    const caller = new Cancellation();
    callers.set(id, caller);
    try {
      const reply = await execute(host, command, caller);
      post({ id, reply }, movable(reply));
    } catch (error) {
      const wire = wireError(error);
      if (wire.code === 'internal') noteUnforeseen(error);
      post({ id, error: wire });
    }
    callers.delete(id);
    if (command.name === 'close') port.close();
  }
}

function execute(host: JournalCommands, command: Exclude<ToJournal, { leave: number }>, caller: Cancellation): unknown {
  const handler = host[command.name] as (request: unknown, caller: Cancellation) => unknown;
  return handler.call(host, command.request, caller);
}

/** What is handed over rather than copied: a body so large that nobody here keeps it for another reader. */
function movable(reply: unknown): ArrayBuffer[] {
  const { body } = (reply ?? {}) as { body?: Uint8Array<ArrayBuffer> };
  return body !== undefined && body.length > SHARED_BYTES ? [body.buffer] : [];
}

const DAMAGED = "the journal's file is damaged; a restart makes of it what can be made of it";

/** What was not foreseen is told as `internal`. */
export function wireError(error: unknown): JournalWireError {
  if (error instanceof JournalError) return { code: error.code, message: error.message };
  if (isDamage(error)) return { code: 'storage', message: DAMAGED };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
