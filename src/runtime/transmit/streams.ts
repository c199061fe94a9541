/**
 * TCP transmissions: connects, sends by script over one or several connections, reads replies as frames, and ends with a
 * FIN once everything has left.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after } from '../../clock/timers.ts';
import type { SendOutcome, TcpOrder } from '../../workers/protocol.ts';
import { createCodec } from '../framing/codecs.ts';
import type { Frame } from '../framing/frame-codec.ts';
import type { SendControl } from '../transport.ts';
import { runScript } from './schedule.ts';
import { SendProgress } from './send-progress.ts';

/** Milliseconds until a connection must be there. */
const CONNECT_TIMEOUT = 10_000;
/** Milliseconds for which a half-closed send without expectReply reads on. */
const READ_ON = 2_000;
/** Milliseconds for the peer to close its side after ours; the outcome does not wait for it. */
const PEER_CLOSE_TIMEOUT_MS = 500;

type Run = { order: TcpOrder; control: SendControl; thread: string; sendProgress: SendProgress };

/** Carries an order out. Never rejects: what goes wrong is in the outcome. */
export async function transmitStreams(
  order: TcpOrder,
  { control, thread }: { control: SendControl; thread: string },
): Promise<SendOutcome> {
  const sendProgress = new SendProgress(order.expectReply?.count ?? 0);
  const sockets: Socket[] = [];
  try {
    await runExchange({ order, control, thread, sendProgress }, sockets);
  } catch (error) {
    if (!control.signal.aborted) sendProgress.noteError(error as NodeJS.ErrnoException);
  }
  for (const socket of sockets) dismiss(socket, control.signal.aborted);
  return sendProgress.outcome(control.signal);
}

async function runExchange(run: Run, sockets: Socket[]): Promise<void> {
  const { order, control, sendProgress } = run;
  for (let i = 0; i < order.tcp.connections; i++) sockets.push(await connectSocket(run));
  const [first] = sockets;
  sendProgress.local = { host: first!.localAddress ?? '', port: first!.localPort ?? 0 };
  let open = sockets.length;
  for (const socket of sockets) {
    listen(socket, run, () => {
      if (--open === 0) sendProgress.endReplies();
    });
  }
  const codec = createCodec(order.tcp.framing);
  const send = (payload: Uint8Array, i: number, raw: boolean) =>
    write(sockets[i % sockets.length]!, raw ? payload : codec.encode(payload), run);
  await runScript({ ...run, send });
  const { expectReply, tcp } = order;
  if (tcp.halfClose || expectReply === null) await Promise.all(sockets.map((socket) => finish(socket)));
  if (tcp.halfClose || expectReply !== null)
    await sendProgress.settled(expectReply?.timeout ?? READ_ON, control.signal);
}

async function connectSocket({ order, control }: Run): Promise<Socket> {
  const { to, local } = order;
  const from = local === null ? {} : { localAddress: local.host, localPort: local.port };
  const socket = connect({ host: to.host, port: to.port, ...from, allowHalfOpen: true, noDelay: true });
  const late = AbortSignal.timeout(CONNECT_TIMEOUT);
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([control.signal, late]) });
    return socket;
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    if (!late.aborted) throw error;
    throw Object.assign(new Error(`no connection within ${CONNECT_TIMEOUT} ms`), { code: 'ETIMEDOUT' });
  }
}

/** Reads replies; `onClosed` when the peer sends no more. */
function listen(socket: Socket, { order, sendProgress, control }: Run, onClosed: () => void): void {
  const codec = createCodec(order.tcp.framing);
  let stopGap = () => {};
  /** Bytes that are no frame end the exchange: what follows can't be told apart. */
  const keepAll = (next: () => Frame | null) => {
    for (let frame = next(); frame !== null; frame = next()) {
      if (frame.fault === null) sendProgress.noteReply(frame.payload, order.to);
      else {
        const { expected, offset } = frame.fault;
        sendProgress.noteError({ code: 'framing_error', message: `expected ${expected} at byte ${offset} of a reply` });
        sendProgress.endReplies();
      }
    }
  };
  let closed = false;
  const end = () => {
    if (closed) return;
    closed = true;
    stopGap();
    keepAll(() => codec.next() ?? codec.end());
    onClosed();
  };
  socket.on('data', (bytes) => {
    codec.push(bytes);
    keepAll(() => codec.next());
    if (codec.gap === undefined) return;
    stopGap();
    stopGap = after(codec.gap, () => {
      codec.silence?.();
      keepAll(() => codec.next());
    });
  });
  socket.on('end', end);
  socket.on('close', end);
  socket.on('error', (error) => {
    if (!control.signal.aborted) sendProgress.noteError(error);
  });
  control.signal.addEventListener('abort', () => socket.destroy(), { once: true });
}

/** Resolves when the socket takes more, or never will. */
async function write(socket: Socket, payload: Uint8Array, { sendProgress }: Run): Promise<void> {
  if (!socket.writable) {
    sendProgress.noteError({ code: 'ECONNRESET', message: 'the connection is closed' });
    return sendProgress.stop();
  }
  sendProgress.noteSent(payload.length);
  if (socket.write(payload)) return;
  await new Promise<void>((resolve) => {
    const on = () => {
      socket.off('drain', on);
      socket.off('close', on);
      resolve();
    };
    socket.on('drain', on);
    socket.on('close', on);
  });
}

/** Our FIN, after all that is queued. */
async function finish(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.end(() => resolve());
  });
}

/** Lets the peer read what we sent before the socket goes: a close with unread input would reset the connection. */
function dismiss(socket: Socket, atOnce: boolean): void {
  if (atOnce) {
    socket.destroy();
    return;
  }
  socket.end();
  socket.resume();
  setTimeout(() => socket.destroy(), PEER_CLOSE_TIMEOUT_MS).unref();
}
