/** Serves the journal's commands on the port to the main thread. */
import type { MessagePort } from 'node:worker_threads';
import type { ClientMessage } from '../../rpc/protocol.ts';
import { RpcServer } from '../../rpc/rpc-server.ts';
import type { JournalEvent, JournalProtocol } from '../protocol.ts';
import { SHARED_BYTES } from '../query/reads.ts';
import { journalErrorToWire } from '../wire-error.ts';
import type { JournalCommands } from './journal-commands.ts';

/** Serves a port until `close` is the command. */
export function serveCommands(port: MessagePort, commands: JournalCommands): void {
  const server = new RpcServer<JournalProtocol>({
    handlers: commands,
    post: (message, transfer) => port.postMessage(message, transfer),
    errorOf: journalErrorToWire,
    transferOf: movable,
    served: (name) => {
      if (name === 'close') port.close();
    },
  });
  port.on('message', (message: ClientMessage<JournalProtocol>) => void server.receive(message));
  port.postMessage({ ready: true } satisfies JournalEvent);
}

/** What is handed over rather than copied: a body so large that nobody here keeps it for another reader. */
function movable(reply: unknown): ArrayBuffer[] {
  const { body } = (reply ?? {}) as { body?: Uint8Array<ArrayBuffer> };
  return body !== undefined && body.length > SHARED_BYTES ? [body.buffer] : [];
}
