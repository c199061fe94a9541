/**
 * UDP transmissions over a sender: a throw-away socket (connected, so that a refusal is seen) or a listener's own socket.
 */
import { type BindOptions, createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Endpoint } from '../../net/endpoint.ts';
import type { SendOutcome, UdpOrder } from '../../workers/protocol.ts';
import { BatchSender } from '../native/batch-sender.ts';
import type { Libc } from '../native/libc.ts';
import { provenLibc } from '../native/selftest.ts';
import { openSendingSocket } from '../native/sockets.ts';
import type { SendControl } from '../transport.ts';
import { runScript, type ScriptOptions } from './schedule.ts';
import { SendProgress } from './send-progress.ts';

/** Where datagrams of one order leave, and what comes back from its destination. */
export type DatagramSender = {
  readonly local: Endpoint;
  /** Rejects with an errno `code`. */
  send(payload: Uint8Array): Promise<void>;
  /** A faster way, where there is one. */
  readonly batch?: DatagramBatch;
  /** Tells replies and errors that belong to no send, until `close`. */
  listen(onReply: (payload: Uint8Array) => void, onError: (error: NodeJS.ErrnoException) => void): void;
  close(): void;
};

/** Sends many datagrams by one native call. */
export type DatagramBatch = {
  /** Takes a payload, copied; returns whether `flush` is due. */
  push(payload: Uint8Array): boolean;
  /** Sends what was taken, and says of each datagram how long it was or why it did not leave. Never rejects. */
  flush(note: (bytes: number, error: NodeJS.ErrnoException | null) => void): Promise<void>;
};

/** Carries an order out. Never rejects: what goes wrong is in the outcome. */
export async function transmitDatagrams(
  order: UdpOrder,
  openSender: () => Promise<DatagramSender> | DatagramSender,
  { control, thread }: { control: SendControl; thread: string },
): Promise<SendOutcome> {
  const sendProgress = new SendProgress(order.expectReply?.count ?? 0);
  try {
    const sender = await openSender();
    sendProgress.local = sender.local;
    try {
      await runExchange(order, sender, { control, thread, sendProgress });
    } finally {
      sender.close();
    }
  } catch (error) {
    sendProgress.noteError(error as NodeJS.ErrnoException);
  }
  return sendProgress.outcome(control.signal);
}

type Conversing = { control: SendControl; thread: string; sendProgress: SendProgress };

async function runExchange(order: UdpOrder, sender: DatagramSender, { control, thread, sendProgress }: Conversing) {
  sender.listen(
    (payload) => sendProgress.noteReply(payload, order.to),
    (error) => sendProgress.noteError(error),
  );
  await runScript({ order, control, sendProgress, thread, ...sendMethods(sender, sendProgress) });
  if (order.expectReply !== null) await sendProgress.settled(order.expectReply.timeout, control.signal);
  // A refusal by this machine has come by now, but the loop has to look.
  else for (let turn = 0; turn < 2; turn++) await nextTurn();
}

/** How the script sends: one by one, or in batches that leave when full and before every pause. */
function sendMethods(sender: DatagramSender, sendProgress: SendProgress): Pick<ScriptOptions, 'send' | 'settle'> {
  const note = (bytes: number, error: NodeJS.ErrnoException | null) => {
    if (error === null) sendProgress.noteSent(bytes);
    else sendProgress.noteError(error);
  };
  const { batch } = sender;
  if (batch !== undefined) {
    const settle = () => batch.flush(note);
    return { send: (payload) => (batch.push(payload) ? settle() : undefined), settle };
  }
  return {
    send: (payload) =>
      sender.send(payload).then(
        () => note(payload.length, null),
        (error: NodeJS.ErrnoException) => note(0, error),
      ),
  };
}

/** A socket of its own for one order. Rejects with an errno `code` when the local address can't be had. */
export async function throwAwaySender(order: UdpOrder): Promise<DatagramSender> {
  const { local, to } = order;
  const libc = isBurst(order) ? provenLibc() : null;
  const fd = libc === null ? null : openSendingSocket(libc, to, local);
  const socket = createSocket({ type: isIPv6(to.host) ? 'udp6' : 'udp4' });
  try {
    if (fd !== null) await listening(socket, { fd });
    else if (local !== null) await listening(socket, { address: local.host, port: local.port, exclusive: true });
    socket.connect(to.port, to.host);
    await once(socket, 'connect');
  } catch (error) {
    socket.close();
    throw error;
  }
  const sender = senderOf(socket);
  return fd === null ? sender : inBatches(sender, { libc: libc!, fd, order });
}

function isBurst({ count, parts }: UdpOrder): boolean {
  return count * parts.length > 1;
}

async function listening(socket: Socket, options: BindOptions): Promise<void> {
  // Waited for from before the call: with a descriptor it comes within it.
  const ready = once(socket, 'listening');
  socket.bind(options);
  await ready;
}

/** node reads the replies and will close the descriptor; we send through it. */
function inBatches(
  sender: DatagramSender,
  { libc, fd, order }: { libc: Libc; fd: number; order: UdpOrder },
): DatagramSender {
  let open = true;
  const expected = order.count * order.parts.length;
  return {
    ...sender,
    batch: new BatchSender({ libc, fd, name: CONNECTED, expected, isOpen: () => open }),
    close: () => {
      open = false;
      sender.close();
    },
  };
}

const CONNECTED = new Uint8Array(0);

function senderOf(socket: Socket): DatagramSender {
  const { address: host, port } = socket.address();
  return {
    local: { host, port },
    send: (payload) =>
      new Promise((resolve, reject) => {
        socket.send(payload, (error) => (error === null ? resolve() : reject(error)));
      }),
    listen: (onReply, onError) => {
      socket.on('message', onReply);
      socket.on('error', onError);
    },
    close: () => socket.close(),
  };
}
