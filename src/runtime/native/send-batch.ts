/**
 * Datagrams on their way out: payloads and destinations copied into slots, and the headers that let sendmmsg take them
 * all in one call. What lies in a slot after `flush` can still be looked at, until the next `push`.
 */
import { SLOT_BYTES } from './arena.ts';
import {
  EAGAIN,
  ECONNREFUSED,
  ENOBUFS,
  IOVEC,
  MMSGHDR,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  POLLOUT,
  SOCKADDR,
} from './layout.ts';
import { type Libc, writePointer } from './libc.ts';
import type { SocketNames } from './sockaddr.ts';

/** Datagrams a native call may take. */
export const SEND_BATCH_SLOTS = 64;
/** Milliseconds to wait in all for room in the send buffer, before what is left is given up. */
const SEND_TIMEOUT_MS = 5;
const NAME_BYTES = 32;

export class SendBatch {
  readonly slots: number;
  /** What became of each datagram at the last `flush`: 1 = sent, or a negative errno. */
  readonly results: Int32Array;
  readonly payloads: Uint8Array<ArrayBuffer>;
  readonly payloadWords: Int32Array;
  readonly nameWords: Int32Array<ArrayBuffer>;
  /** Datagrams waiting for `flush`. */
  count = 0;

  readonly #libc: Libc;
  readonly #names: Uint8Array<ArrayBuffer>;
  readonly #headerWords: Int32Array<ArrayBuffer>;
  readonly #headerAddress: number;
  readonly #partWords: Int32Array<ArrayBuffer>;

  constructor(libc: Libc, slots = SEND_BATCH_SLOTS) {
    this.#libc = libc;
    this.slots = slots;
    this.results = new Int32Array(slots);
    this.payloads = new Uint8Array(slots * SLOT_BYTES);
    this.payloadWords = new Int32Array(this.payloads.buffer);
    this.#names = new Uint8Array(slots * NAME_BYTES);
    this.nameWords = new Int32Array(this.#names.buffer);
    this.#headerWords = new Int32Array((slots * MMSGHDR.bytes) >> 2);
    this.#partWords = new Int32Array((slots * IOVEC.bytes) >> 2);
    this.#headerAddress = libc.address(new Uint8Array(this.#headerWords.buffer));
    this.#layOut();
  }
  get isFull(): boolean {
    return this.count === this.slots;
  }
  payloadOffset(i: number): number {
    return i * SLOT_BYTES;
  }
  nameOffset(i: number): number {
    return i * NAME_BYTES;
  }
  /** Bytes of datagram i. */
  size(i: number): number {
    return this.#partWords[(i * IOVEC.bytes + IOVEC.length) >> 2]!;
  }

  /** Adds a datagram to the address in struct i. Throws RangeError when there is no room or it is too long. */
  reply(bytes: Uint8Array, names: SocketNames, i: number): void {
    const slot = this.#take(bytes, SOCKADDR.in6);
    const to = this.nameOffset(slot) >> 2;
    const from = names.nameOffset(i) >> 2;
    for (let w = 0; w < SOCKADDR.in6 >> 2; w++) this.nameWords[to + w] = names.nameWords[from + w]!;
  }

  /** Adds a datagram to a struct sockaddr; an empty one on a connected socket. */
  push(bytes: Uint8Array, name: Uint8Array): void {
    const slot = this.#take(bytes, name.length);
    this.#names.set(name, this.nameOffset(slot));
  }

  /** Sends all there is, sets `results`, and empties the batch. Returns how many were sent. */
  flush(fd: number): number {
    const total = this.count;
    const results = this.results;
    let at = 0;
    let sent = 0;
    let timeLeft = SEND_TIMEOUT_MS;
    let refused = false;
    while (at < total) {
      const result = this.send(fd, at, total - at);
      if (result > 0) {
        results.fill(1, at, at + result);
        at += result;
        sent += result;
        refused = false;
      } else if (result === -ECONNREFUSED && !refused) {
        // The ICMP answer to something sent before; this datagram was not tried yet.
        refused = true;
      } else if (isCongestion(result) && timeLeft > 0) {
        timeLeft--;
        this.#libc.waitFor(fd, POLLOUT, 1);
      } else results[at++] = result;
    }
    this.count = 0;
    return sent;
  }

  /** One native call without waiting: how many of the slots from `first` on the kernel took, or a negative errno. */
  send(fd: number, first: number, count: number): number {
    if (first < 0 || count < 0 || first + count > this.slots) throw new RangeError('no such slots');
    return this.#libc.sendmmsg(fd, this.#headerAddress + first * MMSGHDR.bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  #layOut(): void {
    const payloads = this.#libc.address(this.payloads);
    const names = this.#libc.address(this.#names);
    const parts = this.#libc.address(new Uint8Array(this.#partWords.buffer));
    for (let i = 0; i < this.slots; i++) {
      const header = (i * MMSGHDR.bytes) >> 2;
      writePointer(this.#headerWords, header + (MMSGHDR.name >> 2), names + this.nameOffset(i));
      writePointer(this.#headerWords, header + (MMSGHDR.iov >> 2), parts + i * IOVEC.bytes);
      this.#headerWords[header + (MMSGHDR.iovLength >> 2)] = 1;
      writePointer(this.#partWords, (i * IOVEC.bytes + IOVEC.base) >> 2, payloads + this.payloadOffset(i));
    }
  }

  #take(bytes: Uint8Array, nameLength: number): number {
    if (this.isFull) throw new RangeError('the batch is full');
    if (bytes.length > SLOT_BYTES) throw new RangeError('larger than any datagram');
    if (nameLength > NAME_BYTES) throw new RangeError('larger than any address');
    const slot = this.count++;
    this.payloads.set(bytes, this.payloadOffset(slot));
    this.#partWords[(slot * IOVEC.bytes + IOVEC.length) >> 2] = bytes.length;
    this.#headerWords[(slot * MMSGHDR.bytes + MMSGHDR.nameLength) >> 2] = nameLength;
    return slot;
  }
}

/** Whether a result means that there is no room now. */
export function isCongestion(result: number): boolean {
  return result === -EAGAIN || result === -ENOBUFS;
}
