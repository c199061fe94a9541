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
import { type Libc, writePointer } from './libc.ts';

/** Datagrams a native call may bring. */
export const BATCH = 64;
/** More than the largest UDP payload (65,527 over IPv6), and no power of two. */
export const SLOT_BYTES = 66_112;
const NAME_BYTES = 32;
const CONTROL_BYTES = 64;
const HEADER_WORDS = MMSGHDR.bytes >> 2;
const CONTROL_WORDS = CONTROL_BYTES >> 2;

const UNCOUNTED = new Float64Array(1);

export class ReceiveArena {
  readonly slots: number;
  /** All payloads; datagram i starts at `payloadOffset(i)`. */
  readonly payloads: Uint8Array<ArrayBuffer>;
  readonly payloadWords: Int32Array<ArrayBuffer>;
  /** All source addresses (structs sockaddr), of datagram i at `nameOffset(i)`. */
  readonly nameWords: Int32Array<ArrayBuffer>;
  readonly names: Uint8Array<ArrayBuffer>;
  /** Of the datagram that `stamp` was last called for: when the kernel took it in. */
  seconds = 0;
  nanos = 0;
  /** Of the same: the socket's drop count by then, or -1 when the kernel said none. */
  dropsBefore = -1;

  readonly #libc: Libc;
  readonly #headers: Int32Array<ArrayBuffer>;
  readonly #headerAddress: number;
  /** By slot, the view of the last payload that was asked for. */
  readonly #views: Uint8Array[] = [];
  readonly #control: Int32Array<ArrayBuffer>;
  readonly #parts: Int32Array<ArrayBuffer>;
  /** Slots that the last read filled. */
  #used = 0;

  constructor(libc: Libc, slots = BATCH) {
    this.#libc = libc;
    this.slots = slots;
    this.payloads = new Uint8Array(slots * SLOT_BYTES);
    this.payloadWords = new Int32Array(this.payloads.buffer);
    this.names = new Uint8Array(new ArrayBuffer(slots * NAME_BYTES));
    this.nameWords = new Int32Array(this.names.buffer);
    this.#control = new Int32Array(slots * CONTROL_WORDS);
    this.#parts = new Int32Array((slots * IOVEC.bytes) >> 2);
    this.#headers = new Int32Array(slots * HEADER_WORDS);
    this.#headerAddress = this.#addressOf(this.#headers);
    this.#layOut();
  }

  /**
   * Datagrams read without waiting; 0 when there are none, or a negative errno. What was read before is gone. How many
   * there were is added to `row[column]` at once: whatever ends this thread takes effect at a call or a loop, and there
   * is none between the kernel's answer and the count.
   */
  receive(fd: number, row: Float64Array = UNCOUNTED, column = 0): number {
    for (; this.#used > 0; this.#used--) this.#ready(this.#used - 1);
    let result = this.#libc.recvmmsg(fd, this.#headerAddress, this.slots, MSG_DONTWAIT);
    // The ICMP answer to something sent before is reported here once; it says nothing about what is queued.
    if (result === -ECONNREFUSED) result = this.#libc.recvmmsg(fd, this.#headerAddress, this.slots, MSG_DONTWAIT);
    if (result > 0) {
      row[column]! += result;
      this.#used = result;
      return result;
    }
    return result === -EAGAIN || result === -ECONNREFUSED ? 0 : result;
  }

  /** Bytes of datagram i. */
  size(i: number): number {
    return this.#headers[i * HEADER_WORDS + (MMSGHDR.length >> 2)]!;
  }
  payloadOffset(i: number): number {
    return i * SLOT_BYTES;
  }
  /** The bytes of datagram i where they lie. Datagrams mostly have the size of the one before: then its view serves again. */
  payload(i: number, size: number): Uint8Array {
    const before = this.#views[i];
    if (before !== undefined && before.length === size) return before;
    const start = this.payloadOffset(i);
    const view = this.payloads.subarray(start, start + size);
    this.#views[i] = view;
    return view;
  }
  nameOffset(i: number): number {
    return i * NAME_BYTES;
  }

  /** Takes the control data of datagram i apart into `seconds`, `nanos` and `dropsBefore`. */
  stamp(i: number): void {
    const header = i * HEADER_WORDS;
    const words = this.#control;
    let at = i * CONTROL_WORDS;
    const end = at + (this.#headers[header + (MMSGHDR.controlLength >> 2)]! >> 2);
    this.dropsBefore = -1;
    while (at + (CMSGHDR.bytes >> 2) <= end) {
      const length = words[at + (CMSGHDR.length >> 2)]!;
      const data = at + (CMSGHDR.bytes >> 2);
      if (words[at + (CMSGHDR.level >> 2)] === SOL_SOCKET) {
        const type = words[at + (CMSGHDR.type >> 2)];
        if (type === SO_TIMESTAMPNS) {
          this.seconds = words[data]! >>> 0;
          this.nanos = words[data + 2]!;
        } else if (type === SO_RXQ_OVFL) this.dropsBefore = words[data]! >>> 0;
      }
      if (length < CMSGHDR.bytes) break;
      at += ((length + 7) & ~7) >> 2;
    }
  }

  /** The kernel overwrote these lengths with what it used. */
  #ready(i: number): void {
    this.#headers[i * HEADER_WORDS + (MMSGHDR.nameLength >> 2)] = SOCKADDR.in6;
    this.#headers[i * HEADER_WORDS + (MMSGHDR.controlLength >> 2)] = CONTROL_BYTES;
  }

  #layOut(): void {
    const payloads = this.#addressOf(this.payloadWords);
    const names = this.#addressOf(this.nameWords);
    const control = this.#addressOf(this.#control);
    const parts = this.#addressOf(this.#parts);
    for (let i = 0; i < this.slots; i++) {
      const part = (i * IOVEC.bytes) >> 2;
      writePointer(this.#parts, part + (IOVEC.base >> 2), payloads + this.payloadOffset(i));
      this.#parts[part + (IOVEC.length >> 2)] = SLOT_BYTES;
      const header = i * HEADER_WORDS;
      writePointer(this.#headers, header + (MMSGHDR.name >> 2), names + this.nameOffset(i));
      writePointer(this.#headers, header + (MMSGHDR.iov >> 2), parts + i * IOVEC.bytes);
      this.#headers[header + (MMSGHDR.iovLength >> 2)] = 1;
      writePointer(this.#headers, header + (MMSGHDR.control >> 2), control + i * CONTROL_BYTES);
      this.#ready(i);
    }
  }

  #addressOf(words: Int32Array<ArrayBuffer>): number {
    return this.#libc.address(new Uint8Array(words.buffer));
  }
}
