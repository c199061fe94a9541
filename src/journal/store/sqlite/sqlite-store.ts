/** The store on node:sqlite, in memory or in a file: one row a chunk. */
import { DatabaseSync, type DatabaseSyncOptions } from 'node:sqlite';
import { KIND_GAP } from '../../../records/chunk.ts';
import type { HistoryState } from '../history-state.ts';
import type { Entry, Store, TrimRange } from '../store.ts';
import { Checkpoints } from './checkpoints.ts';
import { DiskFile, STEP_BYTES } from './disk-file.ts';
import { checkVersion } from './format-version.ts';
import { checkTables, DamagedFile, inspect } from './inspection.ts';
import { isLogCut, lastCommitIn } from './log-damage.ts';
import { notesOf } from './rows.ts';
import * as sql from './schema.ts';
import { openedText, sealedText } from './sealed-text.ts';
import { SqliteReads } from './sqlite-reads.ts';
import { Statements } from './statements.ts';
import { isDamage, isMalformed } from './storage-fault.ts';
import { WalResetBarrier } from './wal-reset-barrier.ts';
import { type Fsync, WalSync } from './wal-sync.ts';

/** What a row takes beside its chunk: its notes, its place in the index, its share of the pages. Measured. */
export const ROW_BYTES = 144;
/** What a commit adds to the log beside its chunks: a few whole pages, however little is on them. */
const COMMIT_BYTES = 5 * sql.PAGE;
/** Without it SQLite keeps a rollback journal even in memory, a copy of every page written; nothing here rolls back. */
const NO_ROLLBACK: DatabaseSyncOptions & { defensive: boolean } = { defensive: false };

export class SqliteStore extends SqliteReads implements Store {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #sync: WalSync | null;
  readonly #checkpoints: Checkpoints | null;
  readonly #disk: DiskFile | null;
  /** About what the open transaction adds to the log, in bytes. */
  #written = 0;
  /** What was counted when the open transaction began. */
  #counted: { rows: number; bytes: number; lastRow: number } | null = null;
  rows = 0;
  bytes = 0;
  readonly rowBytes = ROW_BYTES;
  isLogDamaged = false;

  /**
   * Opens or makes the journal in the file, or in memory when there is none. Throws what node:sqlite throws, and
   * DamagedFile.
   * @param how `gate` is that of whoever else reads the file
   */
  constructor(
    file: string | null,
    { fsync = 'interval', barrier = new WalResetBarrier() }: { fsync?: Fsync; barrier?: WalResetBarrier } = {},
  ) {
    const db = file === null ? new DatabaseSync(':memory:', NO_ROLLBACK) : new DatabaseSync(file);
    const statements = new Statements(db);
    super(statements, file === null ? 'memory' : 'file');
    this.#db = db;
    this.#statements = statements;
    if (file === null) this.#db.exec(sql.MEMORY_PRAGMAS + sql.TABLES);
    else this.#openFile(file);
    this.#disk = file === null ? null : new DiskFile(file, statements, barrier);
    this.#sync = file === null ? null : new WalSync(file, fsync);
    this.#checkpoints = file === null ? null : new Checkpoints(file, () => this.#rewindLog());
    this.#count();
  }

  #openFile(file: string): void {
    try {
      const lastCommit = lastCommitIn(file);
      const version = checkVersion(this.#statements);
      this.#db.exec(sql.FILE_PRAGMAS);
      this.isLogDamaged = isLogCut(lastCommit, this.#statements);
      checkTables(this.#statements);
      this.#db.exec(version === sql.FORMAT_VERSION ? sql.TABLES : sql.NEW_FORMAT);
      inspect(this.#statements);
    } catch (error) {
      this.#db.close();
      throw isMalformed(error) ? new DamagedFile((error as Error).message) : error;
    }
  }

  #count(): void {
    const [rows, bytes] = this.#statements.get(sql.TOTALS) as [number, number];
    this.rows = rows;
    this.bytes = bytes + rows * ROW_BYTES;
    this.findLastRow();
  }

  load(): HistoryState[] {
    return this.#statements.all('SELECT state FROM listener').map(([state]) => JSON.parse(state as string));
  }

  save(state: HistoryState): void {
    this.#begin();
    this.#statements.run(sql.SAVE, state.listener.number, sealedText(JSON.stringify(state)));
  }

  saveSpec(listener: number, spec: string): void {
    if (this.engine === 'memory') return;
    this.#begin();
    this.#statements.run('UPDATE listener SET spec = ? WHERE number = ?', sealedText(spec), listener);
  }

  savedSpecs(): Map<number, string | null> {
    const specs = this.#statements.all('SELECT number, spec FROM listener') as [number, string | null][];
    return new Map(specs.map(([number, spec]) => [number, spec === null ? null : (openedText(spec) ?? null)]));
  }

  append(chunks: readonly Entry[]): number {
    this.#begin();
    const first = this.lastRow + 1;
    for (const entry of chunks) this.#insert(entry);
    return first;
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

  setNote(key: string, value: string | null): void {
    this.#begin();
    if (value === null) this.#statements.run('DELETE FROM meta WHERE key = ?', key);
    else this.#statements.run(sql.SAVE_META, key, value);
  }

  replace(row: number, data: Uint8Array): boolean {
    this.#begin();
    try {
      this.#statements.run(sql.REPLACE, data, 1 << KIND_GAP, row);
      this.#statements.run(sql.SEAL_NOTES, row);
      return true;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return false;
    }
  }

  trim({ listener, to, limit }: TrimRange): number {
    this.#begin();
    if (listener === null) return this.#trimAll(to.major, limit);
    const freed = this.#statements.all(sql.TRIM, listener, to.major, to.minor, limit) as [number, number][];
    for (const [row, bytes] of freed) this.#freed({ rows: 1, bytes, lastRow: row });
    return freed.length;
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

  checkpoint(timeoutMs = 0): boolean {
    return this.#disk?.checkpoint(timeoutMs) ?? true;
  }

  async close(): Promise<void> {
    if (!this.#db.isOpen) return;
    this.#sync?.close();
    if (this.#checkpoints !== null) await this.#checkpoints.close();
    this.#db.close();
  }

  #insert(entry: Entry): void {
    const { chunk } = entry;
    const row = this.lastRow + 1;
    this.#statements.run(sql.INSERT, ...notesOf(row, entry), chunk);
    this.lastRow = row;
    this.rows++;
    this.bytes += chunk.length + ROW_BYTES;
    this.#written += chunk.length + ROW_BYTES;
  }

  #trimAll(to: number, limit: number): number {
    const [rows, bytes, lastRow] = this.#statements.get(sql.OLDEST_SUMS, to, limit) as [number, number, number];
    this.#statements.run(sql.TRIM_ALL, lastRow);
    this.#freed({ rows, bytes, lastRow });
    return rows;
  }

  #freed({ rows, bytes, lastRow }: { rows: number; bytes: number; lastRow: number }): void {
    this.rows -= rows;
    this.bytes -= bytes + rows * ROW_BYTES;
    if (lastRow === this.lastRow) this.#statements.run(sql.SAVE_META, 'lastRow', `${lastRow}`);
  }

  /** A checkpoint was made beside: what has come since is little, so this is the moment for the log to begin anew. */
  #rewindLog(): void {
    if (!this.#db.isTransaction) this.#disk?.easeLog();
  }

  #begin(): void {
    if (this.#db.isTransaction) return;
    this.#statements.run('BEGIN');
    const { rows, bytes, lastRow } = this;
    this.#counted = { rows, bytes, lastRow };
  }
}
