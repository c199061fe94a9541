/** A ChunkReader that also knows each record's place in its listener's history. */
import { ChunkReader, KIND_MESSAGE } from '../../records/chunk.ts';
import type { Position } from '../cursor.ts';

export type Mark = { offset: number } & Position;

export class HistoryReader extends ChunkReader {
  readonly #start: Position;
  /** Seq of the current message, or of the last one before another record. */
  major: number;
  /** 0 for a message; else how many other records since that message, this one included. */
  minor: number;

  /** @param start the place of the record before the chunk's first */
  constructor(bytes: Uint8Array, start: Position) {
    super(bytes);
    this.#start = start;
    this.major = start.major;
    this.minor = start.minor;
  }

  override next(): boolean {
    if (!super.next()) return false;
    if (this.kind === KIND_MESSAGE) {
      this.major++;
      this.minor = 0;
    } else this.minor++;
    return true;
  }

  override rewind(): void {
    super.rewind();
    this.major = this.#start.major;
    this.minor = this.#start.minor;
  }

  get position(): Position {
    return { major: this.major, minor: this.minor };
  }

  /** Whether the current record lies at or before the place. */
  isWithin(position: Position): boolean {
    return this.major < position.major || (this.major === position.major && this.minor <= position.minor);
  }

  /** All records, to be visited in another order. */
  marks(): Mark[] {
    const marks: Mark[] = [];
    while (this.next()) {
      const { offset, major, minor } = this;
      marks.push({ offset, major, minor });
    }
    return marks;
  }

  goTo(mark: Mark): void {
    const before = mark.major - this.#start.major - (mark.minor === 0 ? 1 : 0);
    this.moveTo(mark.offset, before);
    this.major = mark.major;
    this.minor = mark.minor;
  }

  /** Moves to a message of this chunk, from anywhere before it; false when it isn't here. */
  seek(seq: number): boolean {
    while (this.next()) if (this.minor === 0 && this.major === seq) return true;
    return false;
  }
}
