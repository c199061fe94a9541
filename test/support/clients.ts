/** Plain clients of listeners under test, ended with the test. */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Test } from 'tap';

/** Of a stream: gathers what comes back, one character a byte, until it is so long, or as wanted, or the end. */
export function streamClient(t: Test, port: number) {
  const socket: Socket = connect(port, '127.0.0.1').setEncoding('latin1');
  t.teardown(() => socket.destroy());
  socket.on('error', () => {});
  let received = '';
  socket.on('data', (text) => {
    received += text;
  });
  const until = async (holds: (text: string) => boolean) => {
    while (!holds(received) && !socket.destroyed)
      await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => {});
    return received;
  };
  const got = (wanted: string) => until((text) => text.length >= wanted.length);
  return { socket, got, until, closed: new Promise((resolve) => socket.once('close', resolve)) };
}

/** Of datagrams: a socket that is bound. */
export async function datagramClient(t: Test): Promise<DatagramSocket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return socket;
}
