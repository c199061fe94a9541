/** The store on node:sqlite, in memory or in a file: one row a chunk. */
import { DatabaseSync, type DatabaseSyncOptions, type SQLInputValue } from 'node:sqlite';
import type { BookState } from '../book.ts';
import { isWholeChunk } from '../chunk.ts';
import type { Place } from '../cursor.ts';
import type { Conditions, Entry, Found, Reach, Row, Store } from '../store.ts';
import { Checkpoints } from './checkpoints.ts';
import { DiskFile, STEP_BYTES } from './diskFile.ts';
import { asFound, asRow, conditionValues } from './rows.ts';
import * as sql from './schema.ts';
import { Statements } from './statements.ts';
import { type Fsync, WalSync } from './walSync.ts';

/** What a row takes beside its chunk: its notes, its place in the index, its share of the pages. Measured. */
export const ROW_BYTES = 144;
/** What a commit adds to the log beside its chunks: a few whole pages, however little is on them. */
const COMMIT_BYTES = 5 * sql.PAGE;
/** Without it SQLite keeps a rollback journal even in memory, a copy of every page written; nothing here rolls back. */
const NO_ROLLBACK: DatabaseSyncOptions & { defensive: boolean } = { defensive: false };

export class SqliteStore implements Store {
  readonly engine: 'memory' | 'file';
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #sync: WalSync | null;
  readonly #checkpoints: Checkpoints | null;
  readonly #disk: DiskFile | null;
  /** About what the open transaction adds to the log, in bytes. */
  #written = 0;
  /** What was counted when the open transaction began. */
  #counted: { rows: number; bytes: number; lastRow: number } | null = null;
  lastRow = 0;
  rows = 0;
  bytes = 0;

  /** Opens or makes the journal in the file, or in memory when there is none. Throws what node:sqlite throws. */
  constructor(file: string | null, fsync: Fsync = 'interval') {
    this.engine = file === null ? 'memory' : 'file';
    this.#db = file === null ? new DatabaseSync(':memory:', NO_ROLLBACK) : new DatabaseSync(file);
    this.#db.exec(file === null ? sql.MEMORY_PRAGMAS : sql.FILE_PRAGMAS);
    this.#db.exec(sql.TABLES);
    this.#statements = new Statements(this.#db);
    this.#disk = file === null ? null : new DiskFile(file, this.#statements);
    this.#sync = file === null ? null : new WalSync(file, fsync);
    this.#checkpoints = file === null ? null : new Checkpoints(file);
    this.#count();
  }

  #count(): void {
    const [rows, bytes, row] = this.#statements.get(sql.TOTALS) as [number, number, number];
    this.rows = rows;
    this.bytes = bytes + rows * ROW_BYTES;
    this.lastRow = Math.max(row, Number(this.note('lastRow') ?? 0));
  }

  load(): BookState[] {
    return this.#statements.all('SELECT state FROM listener').map(([state]) => JSON.parse(state as string));
  }

  save(state: BookState): void {
    this.#begin();
    this.#statements.run(sql.SAVE, state.listener.number, JSON.stringify(state));
  }

  saveSpec(listener: number, spec: string): void {
    if (this.engine === 'memory') return;
    this.#begin();
    this.#statements.run('UPDATE listener SET spec = ? WHERE number = ?', spec, listener);
  }

  savedSpecs(): Map<number, string | null> {
    return new Map(this.#statements.all('SELECT number, spec FROM listener') as [number, string | null][]);
  }

  insert(entry: Entry, data: Uint8Array): void {
    this.#begin();
    const { start, end, survey } = entry;
    this.#statements
      .prepared(sql.INSERT)
      .run(
        entry.row,
        entry.listener,
        end.major,
        end.minor,
        start.major + 1,
        start.minor,
        survey.start,
        survey.stop,
        survey.kinds,
        survey.smallest,
        survey.largest,
        survey.addresses,
        survey.endpoints,
        entry.thread,
        data.length,
        entry.bytesBefore,
        entry.incomingBefore,
        data,
      );
    this.lastRow = entry.row;
    this.rows++;
    this.bytes += data.length + ROW_BYTES;
    this.#written += data.length + ROW_BYTES;
  }

  commit(synced: boolean): void {
    if (!this.#db.isTransaction) return;
    this.#statements.run('COMMIT');
    this.#counted = null;
    this.#sync?.written(synced);
    if (this.#checkpoints?.committed(this.#written + COMMIT_BYTES)) this.#disk?.boundLog();
    this.#written = 0;
  }

  rollback(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    Object.assign(this, this.#counted ?? {});
    this.#counted = null;
    this.#written = 0;
  }

  note(key: string): string | undefined {
    return this.#statements.get('SELECT value FROM meta WHERE key = ?', key)?.[0] as string | undefined;
  }

  setNote(key: string, value: string | null): void {
    this.#begin();
    if (value === null) this.#statements.run('DELETE FROM meta WHERE key = ?', key);
    else this.#statements.run(sql.SAVE_META, key, value);
  }

  broken(): Row[] {
    const rows = this.#statements.prepared(sql.EVERYTHING).iterate() as unknown as Iterable<unknown[]>;
    const broken: Row[] = [];
    for (const [data, ...row] of rows) if (!isWholeChunk(data as Uint8Array)) broken.push(asRow(row as number[]));
    return broken;
  }

  up(reach: Reach, from: Place, conditions: Conditions | null, limit: number): Found[] {
    if (reach === null) return this.#walk(sql.WALKS.allUp, [from.major, limit], conditions);
    return this.#walk(sql.WALKS.up, [reach, from.major, from.minor, limit], conditions);
  }

  down(reach: Reach, from: Place, conditions: Conditions | null, limit: number): Found[] {
    if (reach === null) return this.#walk(sql.WALKS.allDown, [from.major, limit], conditions);
    return this.#walk(sql.WALKS.down, [reach, from.major, from.minor, limit], conditions);
  }

  holding(listener: number, place: Place): Found | undefined {
    return this.#walk(sql.WALKS.from, [listener, place.major, place.minor, 1], null)[0];
  }

  data(row: number): Uint8Array | undefined {
    return this.#statements.get(sql.DATA, row)?.[0] as Uint8Array | undefined;
  }

  first(listener: number, beyond: Place, bytes: number, micros: number): Row | undefined {
    const row = this.#statements.get(sql.FIRST, listener, beyond.major, beyond.minor, bytes, micros);
    return row === undefined ? undefined : asRow(row as number[]);
  }

  oldest(limit: number): Row[] {
    return this.#statements.all(sql.OLDEST, limit).map((row) => asRow(row as number[]));
  }

  trim(listener: number, to: Place, limit: number): number {
    this.#begin();
    const freed = this.#statements.all(sql.TRIM, listener, to.major, to.minor, limit);
    for (const [row, bytes] of freed) this.#freed(row as number, bytes as number);
    return freed.length;
  }

  remove(row: Row): void {
    this.#begin();
    this.#statements.run(sql.REMOVE, row.row);
    this.#freed(row.row, row.bytes);
  }

  forget(listener: number): void {
    this.#begin();
    this.#statements.run('DELETE FROM listener WHERE number = ?', listener);
  }

  orphans(): number[] {
    return this.#statements.all(sql.ORPHANS).map(([listener]) => listener as number);
  }

  get disk(): { file: number; log: number } {
    return this.#disk?.sizes ?? { file: 0, log: 0 };
  }

  shrink(): void {
    if (!this.#disk?.isSlack) return;
    this.#begin();
    this.#disk.shrink();
    this.#written += STEP_BYTES;
  }

  checkpoint(patience = 0): boolean {
    return this.#disk?.checkpoint(patience) ?? true;
  }

  close(): void {
    this.#sync?.close();
    this.#checkpoints?.close();
    this.#db.close();
  }

  #walk(walk: sql.Walk, place: SQLInputValue[], conditions: Conditions | null): Found[] {
    const found =
      conditions === null
        ? this.#statements.all(walk.plain, ...place)
        : this.#statements.all(walk.conditional, ...conditionValues(conditions), ...place);
    return found.map(asFound);
  }

  /** A row number is never used twice, so the highest one is noted when its row goes. */
  #freed(row: number, bytes: number): void {
    this.rows--;
    this.bytes -= bytes + ROW_BYTES;
    if (row === this.lastRow) this.#statements.run(sql.SAVE_META, 'lastRow', `${row}`);
  }

  #begin(): void {
    if (this.#db.isTransaction) return;
    this.#statements.run('BEGIN');
    const { rows, bytes, lastRow } = this;
    this.#counted = { rows, bytes, lastRow };
  }
}
