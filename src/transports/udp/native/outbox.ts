/**
 * Datagrams on their way out: a batch of headers that sendmmsg takes in one call. A reply may lie in the receive arena
 * and goes out from there without a copy; anything else is copied into a slot of the outbox.
 */
import { type ReceiveArena, SLOT_BYTES } from './arena.ts';
import { EAGAIN, ECONNREFUSED, ENOBUFS, IOVEC, MMSGHDR, MSG_DONTWAIT, MSG_NOSIGNAL, SOCKADDR } from './layout.ts';
import type { Libc } from './libc.ts';

/** Datagrams a native call may take. */
export const OUTBOX_SLOTS = 64;
/** Milliseconds to wait for room in the send buffer before what is left is given up. */
const PATIENCE = 5;
const NAME_BYTES = 32;

export class Outbox {
  /** What became of each datagram of the last `flush`: 1 = sent, or a negative errno. */
  readonly results = new Int32Array(OUTBOX_SLOTS);
  /** Datagrams waiting for `flush`. */
  count = 0;

  readonly #libc: Libc;
  readonly #payloads = new Uint8Array(OUTBOX_SLOTS * SLOT_BYTES);
  readonly #payloadAddress: number;
  readonly #names = new Uint8Array(OUTBOX_SLOTS * NAME_BYTES);
  readonly #nameAddress: number;
  readonly #headers = new Uint8Array(OUTBOX_SLOTS * MMSGHDR.bytes);
  readonly #headerView = new DataView(this.#headers.buffer);
  readonly #headerAddress: number;
  readonly #parts = new Uint8Array(OUTBOX_SLOTS * IOVEC.bytes);
  readonly #partView = new DataView(this.#parts.buffer);

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#payloadAddress = libc.address(this.#payloads);
    this.#nameAddress = libc.address(this.#names);
    this.#headerAddress = libc.address(this.#headers);
    const partsAddress = libc.address(this.#parts);
    for (let i = 0; i < OUTBOX_SLOTS; i++) {
      const header = i * MMSGHDR.bytes;
      writePointer(this.#headerView, header + MMSGHDR.iov, partsAddress + i * IOVEC.bytes);
      this.#headerView.setUint32(header + MMSGHDR.iovLength, 1, true);
    }
  }

  get isFull(): boolean {
    return this.count === OUTBOX_SLOTS;
  }

  /** Answers datagram i of the arena; bytes that lie in the arena are not copied and must stay until `flush`. */
  reply(arena: ReceiveArena, i: number, bytes: Uint8Array): void {
    const inPlace = bytes.buffer === arena.payloads.buffer;
    const address = inPlace ? arena.payloadAddress + bytes.byteOffset : this.#copy(bytes);
    this.#push(address, bytes.length, arena.nameAddress + arena.nameOffset(i), SOCKADDR.in6);
  }

  /** @param name a struct sockaddr, or null on a connected socket. */
  push(bytes: Uint8Array, name: Uint8Array | null): void {
    const slot = this.count * NAME_BYTES;
    if (name !== null) this.#names.set(name, slot);
    this.#push(this.#copy(bytes), bytes.length, name === null ? 0 : this.#nameAddress + slot, name?.length ?? 0);
  }

  /** Puts the newest datagram in again, `times` over or until the outbox is full. For bursts of one payload. */
  repeat(times: number): void {
    if (this.count === 0) return;
    const header = (this.count - 1) * MMSGHDR.bytes;
    const part = (this.count - 1) * IOVEC.bytes;
    const address = Number(this.#partView.getBigUint64(part, true));
    const size = this.#partView.getUint32(part + IOVEC.length, true);
    const name = Number(this.#headerView.getBigUint64(header + MMSGHDR.name, true));
    const nameLength = this.#headerView.getUint32(header + MMSGHDR.nameLength, true);
    for (let n = 0; n < times && !this.isFull; n++) this.#push(address, size, name, nameLength);
  }

  /** Sends all there is, sets `results`, and empties the outbox. Answers how many were sent. */
  flush(fd: number): number {
    const total = this.count;
    const results = this.results;
    let at = 0;
    let sent = 0;
    let patience = PATIENCE;
    let refused = false;
    while (at < total) {
      const result = this.#send(fd, at, total - at);
      if (result > 0) {
        results.fill(1, at, at + result);
        at += result;
        sent += result;
        refused = false;
      } else if (result === -ECONNREFUSED && !refused) {
        // The ICMP answer to an earlier datagram: this one was not tried yet.
        refused = true;
      } else if ((result === -EAGAIN || result === -ENOBUFS) && patience > 0) {
        patience -= 1;
        this.#libc.waitWritable(fd, 1);
      } else results[at++] = result === 0 ? -EAGAIN : result;
    }
    this.count = 0;
    return sent;
  }

  /** Sends without waiting and leaves nothing behind: answers how many the kernel took, or a negative errno. For bursts. */
  burst(fd: number): number {
    const result = this.#send(fd, 0, this.count);
    this.count = 0;
    return result;
  }

  /** Sends the first `count` of what was laid out before, once more. */
  again(fd: number, count: number): number {
    return this.#send(fd, 0, Math.min(count, OUTBOX_SLOTS));
  }

  #send(fd: number, first: number, count: number): number {
    return this.#libc.sendmmsg(fd, this.#headerAddress + first * MMSGHDR.bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  #copy(bytes: Uint8Array): number {
    if (bytes.length > SLOT_BYTES) throw new RangeError('larger than any datagram');
    const slot = this.count * SLOT_BYTES;
    this.#payloads.set(bytes, slot);
    return this.#payloadAddress + slot;
  }

  #push(address: number, size: number, name: number, nameLength: number): void {
    if (this.isFull) throw new RangeError('the outbox is full');
    const part = this.count * IOVEC.bytes;
    writePointer(this.#partView, part + IOVEC.base, address);
    this.#partView.setUint32(part + IOVEC.length, size, true);
    const header = this.count * MMSGHDR.bytes;
    writePointer(this.#headerView, header + MMSGHDR.name, name);
    this.#headerView.setUint32(header + MMSGHDR.nameLength, nameLength, true);
    this.count++;
  }
}

/** Pointers in user space fit a double. */
export function writePointer(view: DataView, at: number, address: number): void {
  view.setUint32(at, address % 0x1_0000_0000, true);
  view.setUint32(at + 4, Math.floor(address / 0x1_0000_0000), true);
}
