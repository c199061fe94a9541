/**
 * SalvagedRows: takes the rows of a wreck into a new file. A row whose notes are good and whose chunk is not gets a
 * substitute, and the other way round notes that are made of the chunk.
 */
import { ChunkReader, isWholeChunk, KIND_GAP } from '../../../records/chunk.ts';
import { summarizeChunk } from '../../../records/chunk-summary.ts';
import { comparePositions, type Position, START } from '../../cursor.ts';
import { isSound, isSubstitute, substituteFor } from '../../damage/substitute.ts';
import type { Entry, Row } from '../store.ts';
import { notesOf } from './rows.ts';
import * as sql from './schema.ts';
import type { Statements } from './statements.ts';
import type { Wreck } from './wreck.ts';

export class SalvagedRows {
  /** By listener, in the order of their histories. */
  readonly byListener = new Map<number, Row[]>();
  readonly used = new Set<number>();
  damaged = 0;
  readonly #wreck: Wreck;
  readonly #sql: Statements;

  /** @param statements of the new file */
  constructor(wreck: Wreck, statements: Statements) {
    this.#wreck = wreck;
    this.#sql = statements;
  }

  carryOver(): void {
    for (const number of this.#wreck.rowNumbers()) this.#carry(number);
  }

  /** Stores a row of which there is nothing any more, with notes that let every reader look. */
  fill(listener: number, [start, end]: [Position, Position], { before, after }: { before?: Row; after?: Row }): void {
    const row = this.#freeNumber(before?.row ?? 0);
    const chunk = substituteFor({ listener, start, end });
    const times = this.#sql.get(sql.TIMES, before?.row ?? after?.row ?? 0, after?.row ?? before?.row ?? 0)!;
    const all = { kinds: 0x3ff, smallest: 0, largest: 0xffff_ffff, addresses: 0xffff_ffff, endpoints: 0xffff_ffff };
    const summary = { ...summarizeChunk(new ChunkReader(chunk)), ...all, ...timesOf(times) };
    const bytesBefore = before === undefined ? 0 : before.bytesBefore + before.bytes;
    const incomingBefore = after?.incomingBefore ?? (before === undefined ? 0 : this.incomingAfter(before));
    this.#insert(row, { listener, start, end, summary, thread: 0, bytesBefore, incomingBefore, chunk });
    this.damaged++;
  }

  /** `in` messages up to the end of a row, as far as that is known. */
  incomingAfter(row: Row): number {
    const data = this.#sql.get(sql.DATA, row.row)?.[0] as Uint8Array | undefined;
    return row.incomingBefore + (data === undefined ? 0 : summarizeChunk(new ChunkReader(data)).incoming);
  }

  #carry(number: number): void {
    const notes = this.#wreck.notes(number);
    const data = this.#wreck.data(number);
    const row = notes && rowOf(notes);
    if (row !== undefined && this.#follows(row)) this.#carryNoted(row, notes!, data);
    else if (data instanceof Uint8Array && isWholeChunk(data) && !isSubstitute(data)) this.#carryAlone(number, data);
  }

  #carryNoted(row: Row, notes: number[], data: unknown): void {
    this.#note(row);
    if (isSound(data, row)) {
      this.#sql.run(sql.INSERT, ...notes, data);
      return;
    }
    const substitute = substituteFor(row);
    this.#sql.run(sql.INSERT, ...notes, substitute);
    this.#sql.run(sql.REPLACE, substitute, 1 << KIND_GAP, row.row);
    this.#sql.run(sql.SEAL_NOTES, row.row);
    this.damaged++;
  }

  /** A chunk says itself whose it is and which messages it holds. */
  #carryAlone(row: number, chunk: Uint8Array): void {
    const reader = new ChunkReader(chunk);
    const { listener, firstSeq, thread } = reader;
    const summary = summarizeChunk(reader);
    const last = this.byListener.get(listener)?.at(-1);
    const start = last?.end.major === firstSeq - 1 ? last.end : { major: firstSeq - 1, minor: 0 };
    const minor = summary.messages > 0 ? summary.trailing : start.minor + summary.records;
    const end = { major: start.major + summary.messages, minor };
    const bytesBefore = last === undefined ? 0 : last.bytesBefore + last.bytes;
    const incomingBefore = last === undefined ? 0 : this.incomingAfter(last);
    const entry = { listener, start, end, summary, thread, bytesBefore, incomingBefore, chunk };
    if (this.#follows({ ...entry, row, bytes: chunk.length })) this.#insert(row, entry);
  }

  /** Whether the row goes on where those before it ended, or later. */
  #follows({ row, listener, start }: Row): boolean {
    const last = this.byListener.get(listener)?.at(-1);
    return !this.used.has(row) && comparePositions(last?.end ?? START, start) <= 0;
  }

  #insert(row: number, entry: Entry): void {
    const { chunk } = entry;
    this.#sql.run(sql.INSERT, ...notesOf(row, entry), chunk);
    this.#note({ ...entry, row, bytes: chunk.length });
  }

  #note({ row, listener, start, end, bytes, bytesBefore, incomingBefore }: Row): void {
    this.used.add(row);
    const rows = this.byListener.get(listener) ?? [];
    rows.push({ row, listener, start, end, bytes, bytesBefore, incomingBefore });
    this.byListener.set(listener, rows);
  }

  /** A lost row had a number of its own, so there is one. */
  #freeNumber(above: number): number {
    let number = above + 1;
    while (this.used.has(number)) number++;
    return number;
  }
}

/** What readers need of the notes of a row, see schema.ts. */
function rowOf([row, listener, last, rest, first, skip, ...more]: number[]): Row {
  const [bytes, bytesBefore, incomingBefore] = more.slice(-3) as [number, number, number];
  const start = { major: first! - 1, minor: skip! };
  return {
    row: row!,
    listener: listener!,
    start,
    end: { major: last!, minor: rest! },
    bytes,
    bytesBefore,
    incomingBefore,
  };
}

function timesOf([start, stop]: unknown[]): { start: number; stop: number } {
  return { start: Number(start ?? 0), stop: Number(stop ?? 0) };
}
