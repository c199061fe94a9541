/** Statements: the prepared ones of a database, each made when it is first used. Rows come as arrays. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  prepared(text: string): StatementSync {
    let statement = this.#prepared.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      statement.setReturnArrays(true);
      this.#prepared.set(text, statement);
    }
    return statement;
  }

  run(text: string, ...values: SQLInputValue[]): void {
    this.prepared(text).run(...values);
  }
  get(text: string, ...values: SQLInputValue[]): unknown[] | undefined {
    return this.prepared(text).get(...values) as unknown[] | undefined;
  }
  all(text: string, ...values: SQLInputValue[]): unknown[][] {
    return this.prepared(text).all(...values) as unknown as unknown[][];
  }
}
