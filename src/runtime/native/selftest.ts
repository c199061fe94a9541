import type { Endpoint } from '../../net/endpoint.ts';
import { ReceiveArena } from './arena.ts';
import { AF_INET, EPOLL_CTL_ADD, EPOLLIN, EPOLLONESHOT, SO_RCVBUF, SOL_SOCKET } from './layout.ts';
import { type Libc, loadLibc } from './libc.ts';
import { SendBatch } from './send-batch.ts';
import { readEndpoint, socketAddress } from './sockaddr.ts';
import { socketDrops } from './socket-state.ts';
import { closeSocket, openUdpSocket } from './sockets.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0, ipv6Only: false, receiveBuffer: 1 << 20, binding: 0, bindings: 1 };
const SIZES = [5, 0, 1472, 65_507];
/** Milliseconds. */
const READY_WITHIN = 1000;
const CLOCKS_AGREE = 10_000;

let verdict: string | null | undefined;
let proven: Libc | null = null;

/** Why native batches can't be used here, or null when they can. Never throws; asks the machine once a thread. */
export function whyNotNative(): string | null {
  verdict ??= judge();
  return verdict;
}

function judge(): string | null {
  if (proven !== null) return null;
  try {
    selfTest();
    proven = loadLibc();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The native calls, once the self-test has passed in this thread; null before and otherwise. */
export function provenLibc(): Libc | null {
  return proven;
}

function selfTest(): void {
  const libc = loadLibc();
  const { fd, address } = openUdpSocket(LOOPBACK);
  try {
    const arena = new ReceiveArena(libc, SIZES.length);
    const batch = new SendBatch(libc);
    checkTransfer({ arena, batch, fd, address });
    checkReadiness(libc, { arena, batch, fd, address });
    checkDrops(libc, { arena, batch, fd, address });
  } finally {
    closeSocket(fd);
  }
}

type Bench = { arena: ReceiveArena; batch: SendBatch; fd: number; address: Endpoint };

function checkTransfer({ arena, batch, fd, address }: Bench): void {
  const name = socketAddress(address, AF_INET);
  for (const [i, size] of SIZES.entries()) batch.push(new Uint8Array(size).fill(i + 1), name);
  expect(batch.flush(fd) === SIZES.length, 'sendmmsg sent less than it was given');
  expect(arena.receive(fd) === SIZES.length, 'recvmmsg brought less than was sent');
  for (const [i, size] of SIZES.entries()) {
    expect(arena.size(i) === size, `a datagram of ${size} bytes came as ${arena.size(i)}`);
    const payload = arena.payloads.subarray(arena.payloadOffset(i), arena.payloadOffset(i) + size);
    expect(
      payload.every((byte) => byte === i + 1),
      'a payload came changed',
    );
    const from = readEndpoint(arena.names.subarray(arena.nameOffset(i)));
    expect(from.host === address.host && from.port === address.port, 'a source address came changed');
    arena.stamp(i);
    expect(Math.abs(arena.seconds * 1000 + arena.nanos / 1e6 - Date.now()) < CLOCKS_AGREE, 'no kernel time-stamp');
  }
  expect(arena.receive(fd) === 0, 'an empty socket does not say so');
}

/** Fills a tiny buffer until the kernel drops, then compares both of its counts with what is missing. */
function checkDrops(libc: Libc, { arena, batch, fd, address }: Bench): void {
  const name = socketAddress(address, AF_INET);
  expect(libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, 1) === 0, 'the receive buffer has a fixed size');
  const send = (count: number) => {
    for (let i = 0; i < count; i++) batch.push(new Uint8Array(1000), name);
    return batch.flush(fd);
  };
  const sent = send(32);
  let received = 0;
  for (let n = arena.receive(fd); n > 0; n = arena.receive(fd)) {
    for (let i = 0; i < n; i++) arena.stamp(i);
    received += n;
  }
  expect(received < sent, 'a full receive buffer dropped nothing');
  expect(socketDrops(libc, fd) === sent - received, 'SO_MEMINFO miscounts drops');
  expect(send(1) === 1 && arena.receive(fd) === 1, 'a drained socket takes nothing');
  arena.stamp(0);
  expect(arena.dropsBefore === sent - received, 'SO_RXQ_OVFL miscounts drops');
}

/** A datagram, and nothing else, makes the socket ready in an epoll set. */
function checkReadiness(libc: Libc, { arena, batch, fd, address }: Bench): void {
  const epoll = libc.epollCreate();
  const ready = libc.epollEvents(4);
  try {
    expect(libc.epollControl(epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT) === 0, 'epoll_ctl fails');
    expect(libc.epollWait(epoll, ready, 0) === 0, 'an empty socket is ready');
    batch.push(Uint8Array.of(1), socketAddress(address, AF_INET));
    batch.flush(fd);
    expect(libc.epollWait(epoll, ready, READY_WITHIN) === 1, 'no readiness in epoll');
    expect(ready.descriptor(0) === fd, 'epoll tells another descriptor');
    expect(arena.receive(fd) === 1, 'readiness without a datagram');
  } finally {
    libc.close(epoll);
  }
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
