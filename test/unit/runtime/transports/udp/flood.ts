/** A fast sender of numbered datagrams over loopback, for tests: the number is the first four bytes, u32le. */

import type { Endpoint } from '../../../../../src/net/endpoint.ts';
import { AF_INET } from '../../../../../src/runtime/native/layout.ts';
import { loadLibc } from '../../../../../src/runtime/native/libc.ts';
import { SendBatch } from '../../../../../src/runtime/native/send-batch.ts';
import { socketAddress } from '../../../../../src/runtime/native/sockaddr.ts';
import { closeSocket, openSendingSocket } from '../../../../../src/runtime/native/sockets.ts';
import { transportOf } from '../../../../../src/runtime/transports/transports.ts';
import type { BindingSpec } from '../../../../../src/workers/protocol.ts';

const CONNECTED = new Uint8Array(0);

export class Flood {
  /** Datagrams that left. */
  sent = 0;
  /** The peer's kernel said that nobody receives there. */
  refused = false;
  readonly #libc = loadLibc();
  readonly #sendBatch = new SendBatch(this.#libc);
  readonly #fd: number;
  readonly #size: number;

  readonly #name: Uint8Array;

  /** Unless it is connected it never hears of a refusal. */
  constructor(to: Endpoint, { size = 16, connected = true } = {}) {
    const name = socketAddress(to, AF_INET);
    this.#fd = openSendingSocket(this.#libc, to, null);
    if (connected) this.#libc.connect(this.#fd, name);
    this.#name = connected ? CONNECTED : name;
    this.#size = size;
  }

  /** Sends so many, as fast as it goes. */
  send(count: number): void {
    for (const end = this.sent + count; this.sent < end && !this.refused; ) this.#batch(Math.min(64, end - this.sent));
  }

  close(): void {
    closeSocket(this.#fd);
  }

  #batch(count: number): void {
    const payload = new Uint8Array(this.#size);
    const view = new DataView(payload.buffer);
    for (let i = 0; i < count; i++) {
      view.setUint32(0, this.sent + i, true);
      this.#sendBatch.push(payload, this.#name);
    }
    this.#sendBatch.count = 0;
    const result = this.#sendBatch.send(this.#fd, 0, count);
    this.sent += Math.max(0, result);
    // The error comes with the datagram after the one that was refused, and sendmmsg only says how many it took.
    if (result < count) this.refused = true;
  }
}

/** The number of a datagram. */
export function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
}

/** How the registry hands a socket to a thread. */
export function attach(spec: BindingSpec) {
  const socket = transportOf(spec).prepare!(spec, { droppedBefore: 0 });
  return { ...socket, release: () => socket.close() };
}
