/**
 * Reader: a thread that reads the journal's file beside the journal thread, so that long pages, filters and exports hold
 * up no append. It sees what was committed before it was asked. Were it to die, the journal thread would die of it.
 */

import type { Cancellation } from '../../rpc/caller.ts';
import type { Read } from '../../schemas/reads.ts';
import type { Position } from '../cursor.ts';
import { JournalError } from '../journal-error.ts';
import type { QueryResult } from '../query/query-runner.ts';
import { AuxiliaryThread } from '../store/sqlite/auxiliary-thread.ts';
import type { WalResetBarrier } from '../store/sqlite/wal-reset-barrier.ts';
import type { Spot } from '../store/store.ts';
import type { FromReader, ReaderStart, ToReader } from './protocol.ts';

type Pending = { resolve: (walked: QueryResult) => void; reject: (error: JournalError) => void };

export class Reader {
  readonly #thread: AuxiliaryThread<ToReader, FromReader>;
  readonly #pending = new Map<number, Pending>();
  /** Called with every chunk that it finds damaged. */
  onDamage: (spot: Spot) => void = () => {};
  #lastId = 0;

  /**
   * @param file path of the database, open in this thread
   * @param barrier keeps the reader out when the log has to begin anew
   */
  constructor(file: string, barrier: WalResetBarrier) {
    const url = new URL('./reader-thread.js', import.meta.url);
    this.#thread = new AuxiliaryThread('reader', url, {
      file,
      receive: (message) => this.#receive(message),
      more: { barrier: barrier.cells } satisfies ReaderStart,
    });
  }

  /** Goes through up to the goal, which was committed by now. Rejects with a JournalError. */
  walk(request: Read, goal: Position, caller: Cancellation): Promise<QueryResult> {
    const { promise, resolve, reject } = Promise.withResolvers<QueryResult>();
    const id = ++this.#lastId;
    this.#pending.set(id, { resolve, reject });
    caller.onLeave(() => {
      this.#thread.post({ leave: id });
      this.#take(id)?.reject(new JournalError('aborted', 'the reader has gone'));
    });
    this.#thread.post({ id, request, goal });
    return promise;
  }

  endExport(id: number): void {
    this.#thread.post({ endExport: id });
  }

  /** Answers when the thread has let go of the file; walks under way are rejected. */
  close(): void {
    this.#thread.close('end');
    for (const { reject } of this.#pending.values()) reject(new JournalError('closed', 'the journal is closed'));
    this.#pending.clear();
  }

  #receive(message: FromReader): void {
    if ('damaged' in message) {
      this.onDamage(message.damaged);
      return;
    }
    const pending = this.#take(message.id);
    if ('walked' in message) pending?.resolve(message.walked);
    else pending?.reject(new JournalError(message.error.code, message.error.message));
  }

  /** A walk is settled once. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
