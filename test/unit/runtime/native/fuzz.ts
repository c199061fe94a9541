/** Run as a process of its own: a crash must be seen as one. Only loopback addresses are ever sent to. */
import fc from 'fast-check';
import { ReceiveArena } from '../../../../src/runtime/native/arena.ts';
import { loadLibc } from '../../../../src/runtime/native/libc.ts';
import { SendBatch } from '../../../../src/runtime/native/send-batch.ts';
import { socketDrops } from '../../../../src/runtime/native/socket-state.ts';
import { closeSocket, openUdpSocket } from '../../../../src/runtime/native/sockets.ts';

const libc = loadLibc();
const { fd } = openUdpSocket({
  host: '127.0.0.1',
  port: 0,
  ipv6Only: false,
  receiveBuffer: 4096,
  binding: 0,
  bindings: 1,
});
const other = openUdpSocket({ host: '::1', port: 0, ipv6Only: true, receiveBuffer: 4096, binding: 0, bindings: 1 }).fd;
const arena = new ReceiveArena(libc, 8);
const sendBatch = new SendBatch(libc, 4);

const descriptor = fc.oneof(fc.constantFrom(fd, other), fc.integer(), fc.double());
const integer = fc.oneof(fc.integer({ min: -3, max: 80 }), fc.integer(), fc.double());
const bytes = fc.uint8Array({ maxLength: 200 });
const name = fc.uint8Array({ maxLength: 32 }).map(loopback);

const calls = fc.oneof(
  fc.tuple(descriptor, integer, integer, integer).map((given) => () => libc.setsockopt(...given)),
  fc.tuple(descriptor, integer, integer, bytes).map((given) => () => libc.getsockopt(...given)),
  fc.tuple(descriptor, bytes).map((given) => () => libc.getsockname(...given)),
  fc.tuple(descriptor, name).map((given) => () => libc.bind(...given)),
  fc.tuple(descriptor, name).map((given) => () => libc.connect(...given)),
  fc.tuple(integer, integer, integer).map((given) => () => abandon(libc.socket(...given))),
  fc.tuple(integer, fc.constant(new Uint8Array(16))).map((given) => () => libc.clockGettime(...given)),
  descriptor.map((one) => () => libc.waitFor(one, 0xffff, 0)),
  descriptor.map((one) => () => arena.receive(one)),
  descriptor.map((one) => () => socketDrops(libc, one)),
  fc.tuple(descriptor, bytes, name).map(
    ([one, payload, to]) =>
      () =>
        send(one, payload, to),
  ),
  fc.nat(7).map((i) => () => arena.stamp(i)),
);

fc.assert(
  fc.property(fc.array(calls, { minLength: 1, maxLength: 50 }), (sequence) => {
    for (const call of sequence) attempt(call);
  }),
  { numRuns: 400 },
);
for (const one of [fd, other]) closeSocket(one);

/** Wrong types and lengths may be refused by an error; a crash ends the process. */
function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  }
}

function send(one: number, payload: Uint8Array, to: Uint8Array): void {
  if (!sendBatch.isFull) sendBatch.push(payload, to);
  sendBatch.flush(one);
  sendBatch.send(one, 0, 0);
}

function abandon(one: number): void {
  if (one >= 0) libc.close(one);
}

/** Any bytes, but an address they may hold is of this machine. */
function loopback(address: Uint8Array): Uint8Array {
  if (address.length >= 8) address.set([127, 0, 0, 1], 4);
  if (address.length >= 24) address.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 8);
  return address;
}
