/**
 * PollPolicy of one socket: when to look again at once, and when to let a little gather. Who was just answered often asks
 * again within microseconds; who streams without being answered costs least a millisecond's worth at a time.
 */
import { availableParallelism } from 'node:os';

/** Milliseconds to look for the next request of somebody who was just answered. */
const SPIN = availableParallelism() > 1 ? 0.1 : 0;
/** After so many looks in vain, so many answers go without. */
const SPIN_MISS_LIMIT = 4;
const SPIN_BACKOFF = 64;
/** A pass that brings as many datagrams is a flood. */
const FLOOD = 32;
/** Reads with so many milliseconds between them are a stream; one that calls for no answers when none left for as long. */
const STREAM = 2;
/** What the kernel counts for a datagram beside its payload. */
const OVERHEAD = 768;

export class PollPolicy {
  /** Datagrams that this pass has brought. */
  datagrams = 0;
  readonly #buffer: number;
  /** About what they took of the receive buffer. */
  #weight = 0;
  #spinUntil = 0;
  #misses = 0;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** When the last pass that brought something ended. */
  #readAt = Number.NEGATIVE_INFINITY;

  /** @param buffer what the socket can hold, in bytes */
  constructor(buffer: number) {
    this.#buffer = buffer;
  }

  /** A pass begins. */
  begin(): void {
    this.datagrams = this.#weight = 0;
  }

  /** A read has brought something. */
  read(datagrams: number, bytes: number): void {
    this.datagrams += datagrams;
    this.#weight += bytes + datagrams * OVERHEAD;
  }

  /** What was read has been served, and so many answers left. Times are those of performance.now. */
  served(answers: number, now: number): void {
    if (now < this.#spinUntil) this.#misses = 0;
    else if (this.#spinUntil > 0) this.#misses++;
    this.#spinUntil = 0;
    if (answers === 0) return;
    this.#answeredAt = now;
    if (this.#misses < SPIN_MISS_LIMIT) this.#spinUntil = now + SPIN;
    else if (this.#misses++ > SPIN_MISS_LIMIT + SPIN_BACKOFF) this.#misses = 0;
  }

  /** Whether to look again although there was nothing more. */
  spins(now: number): boolean {
    return now < this.#spinUntil;
  }

  /** Whether to let some gather, at the end of a pass. Safe while what came is but a part of what the socket holds. */
  coalesces(now: number): boolean {
    if (this.datagrams === 0) return false;
    const streaming = this.datagrams >= FLOOD || now - this.#readAt < STREAM;
    this.#readAt = now;
    return streaming && now - this.#answeredAt > STREAM && this.#weight < this.#buffer / 4;
  }
}
