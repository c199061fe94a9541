/** What is read of a journal's database, by whichever connection: the same rows for the thread that appends and for readers. */
import type { SQLInputValue } from 'node:sqlite';
import type { Position } from '../../cursor.ts';
import type { ChunkRange, Conditions, FoundRow, ReadStore, Row } from '../store.ts';
import { asFound, asRow, conditionValues } from './rows.ts';
import * as sql from './schema.ts';
import type { Statements } from './statements.ts';

export class SqliteReads implements ReadStore {
  readonly engine: 'memory' | 'file';
  lastRow = 0;
  readonly #sql: Statements;

  constructor(statements: Statements, engine: 'memory' | 'file' = 'file') {
    this.#sql = statements;
    this.engine = engine;
  }

  /** The state of a history in text, undefined when there is none. */
  state(listener: number): string | undefined {
    return this.#sql.get('SELECT state FROM listener WHERE number = ?', listener)?.[0] as string | undefined;
  }

  note(key: string): string | undefined {
    return this.#sql.get('SELECT value FROM meta WHERE key = ?', key)?.[0] as string | undefined;
  }

  /** Looks up the highest row ever used. It is noted when it goes, for a row number is never used twice. */
  findLastRow(): void {
    const [row] = this.#sql.get(sql.LAST_ROW) as [number];
    const noted = Number(this.note('lastRow') ?? 0);
    this.lastRow = Math.max(row, Number.isSafeInteger(noted) ? noted : 0);
  }

  chunks({ listener, order, from, limit }: ChunkRange, conditions: Conditions | null): FoundRow[] {
    if (listener === null) return this.#walk(sql.ROW_QUERIES.all[order], [from.major, limit], conditions);
    return this.#walk(sql.ROW_QUERIES.listener[order], [listener, from.major, from.minor, limit], conditions);
  }

  data(row: number): Uint8Array | undefined {
    return this.#sql.get(sql.DATA, row)?.[0] as Uint8Array | undefined;
  }

  first(listener: number, beyond: Position, bytes: number, micros: number): Row | undefined {
    const row = this.#sql.get(sql.FIRST, listener, beyond.major, beyond.minor, bytes, micros);
    return row === undefined ? undefined : asRow(row as number[]);
  }

  oldest(limit: number): Row[] {
    return this.#sql.all(sql.OLDEST, limit).map((row) => asRow(row as number[]));
  }

  #walk(walk: sql.RowQuery, position: SQLInputValue[], conditions: Conditions | null): FoundRow[] {
    const found =
      conditions === null
        ? this.#sql.all(walk.plain, ...position)
        : this.#sql.all(walk.conditional, ...conditionValues(conditions), ...position);
    return found.map(asFound);
  }
}
