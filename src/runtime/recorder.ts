/**
 * Keeps the records of one binding: packs them into chunks and ships those to the journal at the end of the loop turn,
 * when full, or when asked. While traffic keeps coming it ships every other millisecond: a chunk a request costs the
 * journal a row and both threads a wake-up, and nobody sees the difference, for reads flush first and streams are told of
 * news every few milliseconds.
 */

import { monotonicNanos, wallClock } from '../clock/wall-clock.ts';
import {
  ChunkBuilder,
  type ChunkOrigin,
  DIRECTION_IN,
  type Draft,
  type GapReason,
  H,
  KIND_GAP,
  KIND_MESSAGE,
  NO_PAYLOAD,
  nanosBetween,
} from '../records/chunk.ts';
import type { CreditedLink } from './chunk-link.ts';
import type { BindingCounters } from './counters.ts';
import type { Recorder } from './transport.ts';

/** Milliseconds after which a gap is written even when no record follows it. */
const GAP_DELAY = 250;
/** Milliseconds between two chunks under traffic. */
const INTERVAL = 2;

export type RecorderOptions = {
  origin: ChunkOrigin;
  port: CreditedLink;
  counters: BindingCounters;
  /** Nanoseconds of the monotonic clock when the listener opened. */
  openedAt: number;
  /** A chunk could not be handed over: what it held is lost, and counted. */
  failed?: (error: unknown) => void;
};

export class BindingRecorder implements Recorder {
  readonly origin: ChunkOrigin;
  readonly #port: CreditedLink;
  readonly #counters: BindingCounters;
  readonly #openedAt: number;
  readonly #failed: (error: unknown) => void;
  readonly #gaps = new Map<GapReason, number>();
  /** The chunk in the making. */
  readonly #chunk = new ChunkBuilder();
  /** `in` messages in it. */
  #incoming = 0;
  /** Ordinal of the next message, and of the first one in the chunk. */
  #ordinal = 0;
  #firstOrdinal = 0;
  #turnEnd: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** performance.now() when a chunk was last shipped. */
  #shippedAt = Number.NEGATIVE_INFINITY;
  #gapTimer: NodeJS.Timeout | null = null;

  constructor(options: RecorderOptions) {
    this.origin = options.origin;
    this.#port = options.port;
    this.#counters = options.counters;
    this.#openedAt = options.openedAt;
    this.#failed = options.failed ?? (() => {});
  }

  get hasCredit(): boolean {
    return this.#port.hasCredit;
  }

  onCredit(callback: () => void): void {
    this.#port.onCredit(callback);
  }

  elapsed(): number {
    return monotonicNanos() - this.#openedAt;
  }

  record(draft: Draft): number {
    if (this.#gaps.size > 0) this.#writeGaps();
    this.#append(draft);
    if (draft.kind !== KIND_MESSAGE) return -1;
    if (draft.direction === DIRECTION_IN) this.#incoming++;
    return this.#ordinal++;
  }

  reserve(messages: number): number {
    const first = this.#ordinal;
    this.#ordinal += messages;
    return first;
  }

  ship(chunk: Uint8Array, incoming?: number): void {
    this.flush();
    this.#post(chunk, incoming ?? new DataView(chunk.buffer).getUint16(H.messages, true));
  }

  gap(reason: GapReason, dropped: number): void {
    if (dropped <= 0) return;
    this.#gaps.set(reason, (this.#gaps.get(reason) ?? 0) + dropped);
    this.#gapTimer ??= setTimeout(this.#onGapTimer, GAP_DELAY);
  }

  flush(): void {
    if (this.#gaps.size > 0) this.#writeGaps();
    this.#shipChunk();
  }

  /** A gap alone waits for credit: it says that something was dropped for want of it, and must not add to the heap. */
  readonly #onGapTimer = (): void => {
    this.#gapTimer = null;
    if (this.hasCredit) this.flush();
    else this.onCredit(() => this.flush());
  };

  readonly #onTime = (): void => this.#shipChunk();

  #append(draft: Draft): void {
    if (this.#chunk.isEmpty) this.#begin();
    if (this.#chunk.add(draft)) return;
    this.#shipChunk();
    this.#append(draft);
  }

  /** The first record of a chunk. */
  #begin(): void {
    this.#firstOrdinal = this.#ordinal;
    if (performance.now() - this.#shippedAt < INTERVAL) this.#timer = setTimeout(this.#onTime, INTERVAL);
    else this.#turnEnd = setImmediate(this.#onTime);
  }

  #writeGaps(): void {
    if (this.#gapTimer !== null) clearTimeout(this.#gapTimer);
    this.#gapTimer = null;
    for (const [reason, dropped] of this.#gaps) {
      this.#append({
        kind: KIND_GAP,
        direction: 0,
        at: wallClock(),
        size: 0,
        payload: NO_PAYLOAD,
        reason,
        reference: dropped,
      });
    }
    this.#gaps.clear();
  }

  #shipChunk(): void {
    if (this.#chunk.isEmpty) return;
    if (this.#turnEnd !== null) clearImmediate(this.#turnEnd);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#turnEnd = null;
    this.#timer = null;
    this.#shippedAt = performance.now();
    const incoming = this.#incoming;
    const elapsed = this.elapsed() - nanosBetween(this.#chunk.base, wallClock());
    this.#incoming = 0;
    this.#post(this.#chunk.take(this.origin, elapsed, this.#firstOrdinal), incoming);
  }

  #post(chunk: Uint8Array, incoming: number): void {
    try {
      this.#port.post(chunk);
    } catch (error) {
      if (incoming > 0) this.#counters.add('lost', incoming);
      this.gap('lost', incoming);
      this.#failed(error);
      return;
    }
    if (incoming > 0) this.#counters.add('handed', incoming);
  }
}
