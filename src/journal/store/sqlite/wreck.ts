/** Wreck: a damaged database of a journal, read row by row; what can't be read is passed over. */
import { DatabaseSync, type DatabaseSyncOptions, type SQLInputValue } from 'node:sqlite';
import * as sql from './schema.ts';
import { openedText } from './sealed-text.ts';
import { Statements } from './statements.ts';

/** What is stored of a listener: undefined where it is not what was stored, null where nothing was. */
export type ListenerTexts = { number: number; state: string | undefined; spec: string | null | undefined };

export class Wreck {
  readonly #db: DatabaseSync;
  readonly #sql: Statements;

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { defensive: false } as DatabaseSyncOptions);
    // Else SQLite reads nothing of a file that is shorter than it says itself.
    this.#db.exec('PRAGMA writable_schema = ON');
    this.#sql = new Statements(this.#db);
  }

  /** Numbers of the rows that the table or its index name, rising. */
  rowNumbers(): number[] {
    const table = this.#numbers('SELECT row FROM chunk ORDER BY row', ['row']);
    const index = this.#numbers('SELECT row FROM chunk INDEXED BY place ORDER BY listener, last, rest', [
      ...['listener', 'last', 'rest'],
    ]);
    return [...new Set([...table, ...index])].sort((a, b) => a - b);
  }

  /** The notes of a row in the order of the columns, undefined when they are not what was stored. */
  notes(number: number): number[] | undefined {
    return this.#get(sql.SOUND_NOTES, number) as number[] | undefined;
  }

  data(number: number): unknown {
    return this.#get(sql.DATA, number)?.[0];
  }

  listeners(): ListenerTexts[] {
    return this.#numbers('SELECT number FROM listener ORDER BY number', ['number']).map((number) => {
      return { number, state: this.#text('state', number) ?? undefined, spec: this.#text('spec', number) };
    });
  }

  /** What is noted about the journal as a whole. */
  meta(): [key: string, value: string][] {
    return (this.#try(() => this.#sql.all('SELECT key, value FROM meta')) ?? []) as [string, string][];
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  /** From either end, as far as that goes: what is damaged in between is passed over. */
  #numbers(query: string, order: string[]): number[] {
    const backwards = `${query.slice(0, query.indexOf(' ORDER BY'))} ORDER BY ${order.map((by) => `${by} DESC`).join(', ')}`;
    return [...new Set([...this.#walk(query), ...this.#walk(backwards)])];
  }

  #walk(query: string): number[] {
    const numbers: number[] = [];
    this.#try(() => {
      for (const [number] of this.#sql.prepared(query).iterate() as unknown as Iterable<[number]>) numbers.push(number);
    });
    return numbers.filter((number) => Number.isSafeInteger(number) && number >= 0);
  }

  #text(column: 'state' | 'spec', number: number): string | null | undefined {
    const row = this.#get(`SELECT ${column} FROM listener WHERE number = ?`, number);
    const text = row?.[0];
    return typeof text === 'string' ? openedText(text) : (text as null | undefined);
  }

  #get(query: string, value: SQLInputValue): unknown[] | undefined {
    return this.#try(() => this.#sql.get(query, value));
  }

  #try<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch {
      return undefined;
    }
  }
}
