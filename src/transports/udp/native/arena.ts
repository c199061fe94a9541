/**
 * Memory that recvmmsg fills: one set of full-size slots, with headers, source addresses and control buffers, reused by
 * every socket of a thread. A read is one native call; what it brought is looked at through typed views, without an
 * object a datagram. Slots start at a staggered stride so that they don't share cache sets, and take no real memory
 * until a datagram lands in them.
 */
import {
  CMSGHDR,
  EAGAIN,
  ECONNREFUSED,
  IOVEC,
  MMSGHDR,
  MSG_DONTWAIT,
  SO_RXQ_OVFL,
  SO_TIMESTAMPNS,
  SOCKADDR,
  SOL_SOCKET,
} from './layout.ts';
import type { Libc } from './libc.ts';

/** Datagrams a native call may bring. */
export const BATCH = 64;
/** More than the largest UDP payload (65,527 over IPv6), and no power of two. */
export const SLOT_BYTES = 66_112;
const NAME_BYTES = 32;
const CONTROL_BYTES = 64;

export class ReceiveArena {
  readonly slots: number;
  /** All payloads; datagram i starts at `payloadOffset(i)`. */
  readonly payloads: Uint8Array;
  readonly payloadWords: Int32Array;
  /** All source addresses (struct sockaddr), datagram i at `nameOffset(i)`. */
  readonly names: Uint8Array;
  readonly nameWords: Int32Array;
  /** Addresses of both, for replies that are sent from where the request lies. */
  readonly payloadAddress: number;
  readonly nameAddress: number;
  /** Of the datagram that `stamp` was last called for: when the kernel took it in. */
  seconds = 0;
  nanos = 0;
  /** Of the same: the socket's drop counter by then, or -1 when the kernel gave none. */
  dropsBefore = -1;

  readonly #libc: Libc;
  readonly #headers: Uint8Array;
  readonly #headerWords: Int32Array;
  readonly #headerAddress: number;
  readonly #control: Int32Array;
  readonly #parts: Uint8Array;

  constructor(libc: Libc, slots = BATCH) {
    this.#libc = libc;
    this.slots = slots;
    this.payloads = new Uint8Array(slots * SLOT_BYTES);
    this.payloadWords = new Int32Array(this.payloads.buffer);
    this.payloadAddress = libc.address(this.payloads);
    this.names = new Uint8Array(slots * NAME_BYTES + 64);
    this.nameWords = new Int32Array(this.names.buffer);
    this.nameAddress = libc.address(this.names);
    this.#control = new Int32Array((slots * CONTROL_BYTES) / 4 + 16);
    this.#parts = new Uint8Array(slots * IOVEC.bytes + 64);
    this.#headers = new Uint8Array(slots * MMSGHDR.bytes + 64);
    this.#headerWords = new Int32Array(this.#headers.buffer);
    this.#headerAddress = libc.address(this.#headers);
    this.#layOut();
  }

  /** Datagrams read without waiting, at most `limit`; 0 when there are none, or a negative errno. */
  receive(fd: number, limit = this.slots): number {
    const wanted = Math.min(limit, this.slots);
    let result = this.#libc.recvmmsg(fd, this.#headerAddress, wanted, MSG_DONTWAIT);
    // An ICMP error of something sent before is reported here once, and says nothing about what is queued.
    if (result === -ECONNREFUSED) result = this.#libc.recvmmsg(fd, this.#headerAddress, wanted, MSG_DONTWAIT);
    if (result === -EAGAIN || result === -ECONNREFUSED) return 0;
    return result;
  }

  /** Bytes of datagram i. */
  size(i: number): number {
    return this.#headerWords[i * (MMSGHDR.bytes / 4) + MMSGHDR.length / 4]!;
  }
  payloadOffset(i: number): number {
    return i * SLOT_BYTES;
  }
  nameOffset(i: number): number {
    return i * NAME_BYTES;
  }
  nameLength(i: number): number {
    return this.#headerWords[i * (MMSGHDR.bytes / 4) + MMSGHDR.nameLength / 4]!;
  }

  /** Takes the control data of datagram i apart into `seconds`, `nanos` and `dropsBefore`, and readies the slot's header. */
  stamp(i: number): void {
    const header = i * (MMSGHDR.bytes / 4);
    const words = this.#control;
    let at = i * (CONTROL_BYTES / 4);
    const end = at + (this.#headerWords[header + MMSGHDR.controlLength / 4]! >> 2);
    this.dropsBefore = -1;
    this.seconds = 0;
    while (at + CMSGHDR.bytes / 4 <= end) {
      const length = words[at]!;
      const type = words[at + CMSGHDR.type / 4]!;
      if (words[at + CMSGHDR.level / 4] === SOL_SOCKET) {
        if (type === SO_TIMESTAMPNS) {
          this.seconds = words[at + 4]! >>> 0;
          this.nanos = words[at + 6]!;
        } else if (type === SO_RXQ_OVFL) this.dropsBefore = words[at + 4]! >>> 0;
      }
      if (length < CMSGHDR.bytes) break;
      at += ((length + 7) & ~7) >> 2;
    }
    this.#headerWords[header + MMSGHDR.nameLength / 4] = SOCKADDR.in6;
    this.#headerWords[header + MMSGHDR.controlLength / 4] = CONTROL_BYTES;
  }

  #layOut(): void {
    const headers = new DataView(this.#headers.buffer);
    const parts = new DataView(this.#parts.buffer);
    const partsAddress = this.#libc.address(this.#parts);
    const controlAddress = this.#libc.address(new Uint8Array(this.#control.buffer));
    const pointer = (view: DataView, at: number, address: number) => view.setBigUint64(at, BigInt(address), true);
    for (let i = 0; i < this.slots; i++) {
      const part = i * IOVEC.bytes;
      pointer(parts, part + IOVEC.base, this.payloadAddress + this.payloadOffset(i));
      parts.setUint32(part + IOVEC.length, SLOT_BYTES, true);
      const header = i * MMSGHDR.bytes;
      pointer(headers, header + MMSGHDR.name, this.nameAddress + this.nameOffset(i));
      headers.setUint32(header + MMSGHDR.nameLength, SOCKADDR.in6, true);
      pointer(headers, header + MMSGHDR.iov, partsAddress + part);
      headers.setUint32(header + MMSGHDR.iovLength, 1, true);
      pointer(headers, header + MMSGHDR.control, controlAddress + i * CONTROL_BYTES);
      headers.setUint32(header + MMSGHDR.controlLength, CONTROL_BYTES, true);
    }
  }
}
