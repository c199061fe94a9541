/**
 * History: what the journal holds in memory for one listener. It knows where the history begins (floor) and ends (tail),
 * and counts. Only records beyond the floor exist for a reader, whatever still lies on disk.
 */

import type { ChunkSummary } from '../../records/chunk-summary.ts';
import type { HistoryStats } from '../../schemas/reads.ts';
import { comparePositions, type Position, START } from '../cursor.ts';
import type { JournalListener, Traffic } from '../journal.ts';
import type { HistoryState, SequenceGap } from '../store/history-state.ts';
import type { Row } from '../store/store.ts';
import { type BindingLog, bindingKey, newBindingLog, seqOfOrdinal } from './binding-log.ts';

/** A chunk at the end of a history. */
export type RecentChunk = { row: number; start: Position; end: Position; summary: ChunkSummary; thread: number };

const LATEST = 4;

export class History implements HistoryState {
  listener: JournalListener;
  floor: Position = START;
  tail: Position = START;
  captured = 0;
  incomingBytes = 0;
  outgoing = 0;
  outgoingBytes = 0;
  dropped = { kernel: 0, overload: 0, paused: 0, closed: 0, lost: 0 };
  truncated = 0;
  appendedBytes = 0;
  evicted = 0;
  cleared = 0;
  clearedTo = 0;
  full = 0;
  served = 0;
  servedIncoming = 0;
  reserved = 0;
  holes: SequenceGap[] = [];
  counts: string | null = null;

  /** The chunks appended last, oldest first, so that readers at the end don't ask the store. */
  readonly latest: RecentChunk[] = [];
  /** The first row that is not wholly below the floor, once it was looked up. */
  head: Row | undefined;
  /** Cumulative bytes below which everything is gone; exact after a bytes eviction, else a chunk's start. */
  goneBytes = 0;
  /** When the first record still there arrived, in microseconds since 1970; 0 when that is not known. */
  oldestAt = 0;
  /** Changes with whatever a reader could see; the key to cached answers. */
  version = 0;
  completed = false;
  /** Refusals by dropNewest that have no gap record yet. */
  readonly refused = { pending: 0, gaps: 0, nextGapAt: 0 };
  /** Wall clock in microseconds at which `elapsed` was 0, from the newest chunk. */
  openedAt = 0;
  /** What each binding incarnation handed over. */
  readonly bindings = new Map<number, BindingLog>();

  constructor(listener: JournalListener, state?: HistoryState) {
    if (state !== undefined) Object.assign(this, state);
    this.listener = listener;
  }

  get firstSeq(): number {
    return this.floor.major + 1;
  }
  get lastSeq(): number {
    return this.tail.major;
  }
  /** Messages a reader can see. */
  get kept(): number {
    return this.tail.major - this.floor.major - this.#passedOver(this.floor.major, this.tail.major);
  }
  /** Bytes of the chunks a reader can see into. */
  get keptBytes(): number {
    return this.appendedBytes - this.goneBytes;
  }
  get isEmpty(): boolean {
    return comparePositions(this.floor, this.tail) >= 0;
  }

  noteLatest(chunk: RecentChunk): void {
    if (this.latest.length >= LATEST) this.latest.shift();
    this.latest.push(chunk);
  }

  /** Moves the beginning forward; what lay before is counted by why it went. Returns whether anything went. */
  raiseFloor(to: Position, why: 'evicted' | 'cleared'): boolean {
    if (comparePositions(to, this.floor) <= 0) return false;
    this[why] += to.major - this.floor.major - this.#passedOver(this.floor.major, to.major);
    this.floor = to;
    if (why === 'cleared') this.clearedTo = to.major;
    if (this.head !== undefined && comparePositions(this.head.end, to) <= 0) this.head = undefined;
    this.version++;
    return true;
  }

  /** The log of one binding incarnation. A binding keeps the logs of its last two. */
  binding(binding: number, incarnation: number): BindingLog {
    const key = bindingKey(binding, incarnation);
    const known = this.bindings.get(key);
    if (known !== undefined) return known;
    this.bindings.delete(bindingKey(binding, incarnation + 254));
    const fresh = newBindingLog();
    this.bindings.set(key, fresh);
    return fresh;
  }

  /** `in` messages taken from a binding incarnation. */
  accounted(binding: number, incarnation: number): number {
    return this.bindings.get(bindingKey(binding, incarnation))?.accounted ?? 0;
  }

  /** The seq of a message that a binding incarnation knows by its ordinal, while that is remembered. */
  seqOf(binding: number, incarnation: number, ordinal: number): number | undefined {
    const log = this.bindings.get(bindingKey(binding, incarnation));
    return log && seqOfOrdinal(log, ordinal);
  }

  /** Where the newest so many messages begin. */
  floorFor(messages: number): Position {
    let end = this.tail.major;
    let left = messages;
    for (const { from, to } of this.holes.toReversed()) {
      if (end - to >= left) break;
      left -= end - to;
      end = from;
    }
    return { major: Math.max(end - left, this.floor.major), minor: 0 };
  }

  /** Goes on beyond the numbers up to this one; returns how many were passed over. */
  skipTo(to: number): number {
    const from = this.tail.major;
    this.holes = [...this.holes.filter((hole) => hole.to > this.floor.major), { from, to }];
    this.tail = { major: to, minor: 0 };
    return to - from;
  }

  /** Goes back to what was stored last. What readers were served stays served. */
  revert(state: HistoryState): void {
    const { served, servedIncoming } = this;
    Object.assign(this, state, { served, servedIncoming, head: undefined, goneBytes: 0, oldestAt: 0 });
    this.latest.length = 0;
    this.version++;
  }

  /** What outlives the process. */
  state(): HistoryState {
    const { listener, floor, tail, truncated, appendedBytes, evicted, cleared, clearedTo } = this;
    const { served, servedIncoming, reserved, holes, counts } = this;
    return {
      ...{ listener, floor, tail, truncated, appendedBytes, evicted, cleared, clearedTo },
      ...{ served, servedIncoming, reserved, holes, counts },
      ...this.traffic(),
    };
  }

  traffic(): Traffic {
    const { captured, full, incomingBytes, outgoing, outgoingBytes, dropped } = this;
    return { captured, full, incomingBytes, outgoing, outgoingBytes, dropped };
  }

  /** Numbers beyond `from` up to `to` that no message has. */
  #passedOver(from: number, to: number): number {
    let numbers = 0;
    for (const hole of this.holes) numbers += Math.max(0, Math.min(to, hole.to) - Math.max(from, hole.from));
    return numbers;
  }

  history(): HistoryStats {
    return {
      firstSeq: this.firstSeq,
      lastSeq: this.lastSeq,
      captured: this.captured,
      evicted: this.evicted,
      cleared: this.cleared,
      truncated: this.truncated,
      full: this.full,
      bytes: this.isEmpty ? 0 : this.keptBytes,
      unread: this.captured - this.servedIncoming,
    };
  }
}
