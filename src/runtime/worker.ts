/** Entry of a worker thread: ties the commands to its ports, says when it is ready, and lets the thread end after `stop`. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { ClientMessage, ReplyMessage } from '../rpc/protocol.ts';
import { RpcServer } from '../rpc/rpc-server.ts';
import type { WorkerEvent, WorkerProtocol, WorkerStart } from '../workers/protocol.ts';
import { CreditedLink } from './chunk-link.ts';
import { InternalErrors } from './internal-errors.ts';
import { Transmissions } from './transmit/transmissions.ts';
import { loadTransports, TRANSPORTS } from './transports/transports.ts';
import { udpEngine } from './transports/udp/udp.ts';
import { WorkerCommands } from './worker-commands.ts';

if (isMainThread || parentPort === null) throw new Error('workers/worker runs in a worker thread only');

const port = parentPort;
const start = workerData as WorkerStart;
const post = (message: ReplyMessage | WorkerEvent) => port.postMessage(message);
const journal = new CreditedLink(start.journal, start.credit);
await loadTransports();
const engine = udpEngine(start.engine);
const transmissions = new Transmissions({ thread: start.name, report: post });
const internalErrors = new InternalErrors(post);
const commands = new WorkerCommands({
  start,
  journal,
  engine,
  transports: TRANSPORTS,
  transmissions,
  post,
  internalErrors,
});

const server = new RpcServer<WorkerProtocol>({
  handlers: commands,
  post,
  served(name) {
    if (name !== 'stop') return;
    journal.close();
    port.close();
  },
});

port.on('message', (message: ClientMessage<WorkerProtocol>) => void server.receive(message));
post({ event: 'ready', engine });
// The last net: what a socket, timer or promise throws that is caught nowhere else ends no thread.
process.on('uncaughtException', (error) => internalErrors.note(error, null));
