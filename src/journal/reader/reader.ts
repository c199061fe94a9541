/**
 * Reader: a thread that reads the journal's file beside the journal thread, so that long pages, filters and exports hold
 * up no append. It sees what was committed before it was asked. Were it to die, the journal thread would die of it.
 */

import type { ClientMessage, ReplyMessage } from '../../rpc/protocol.ts';
import { RpcClient } from '../../rpc/rpc-client.ts';
import type { Read } from '../../schemas/reads.ts';
import type { Position } from '../cursor.ts';
import { JournalError, readerGone } from '../journal-error.ts';
import type { QueryResult } from '../query/query-runner.ts';
import { AuxiliaryThread } from '../store/sqlite/auxiliary-thread.ts';
import type { WalResetBarrier, WalResetBarrierCells } from '../store/sqlite/wal-reset-barrier.ts';
import type { Spot } from '../store/store.ts';
import { journalErrorOf } from '../wire-error.ts';

/** Commands of the journal thread to the reader's. */
export type ReaderProtocol = {
  /** `goal` is the end of what was committed, and synced where it must be, when the read was asked for. */
  read: { request: { request: Read; goal: Position }; reply: QueryResult };
  endExport: { request: { id: number }; reply: null };
};
/** `end` closes the file and ends the thread. */
export type ToReader = ClientMessage<ReaderProtocol> | 'end';
/** A chunk that was found damaged comes unasked. */
export type FromReader = ReplyMessage | { damaged: Spot };

/** What the thread is told at its start beside its file: the cells of the barrier it goes through. */
export type ReaderStart = { barrier: WalResetBarrierCells };

export class Reader {
  readonly #thread: AuxiliaryThread<ToReader, FromReader>;
  readonly #rpc: RpcClient<ReaderProtocol>;
  /** Called with every chunk that it finds damaged. */
  onDamage: (spot: Spot) => void = () => {};

  /**
   * @param file path of the database, open in this thread
   * @param barrier keeps the reader out when the log has to begin anew
   */
  constructor(file: string, barrier: WalResetBarrier) {
    const url = new URL('./reader-thread.js', import.meta.url);
    this.#rpc = new RpcClient<ReaderProtocol>({
      post: (message) => this.#thread.post(message),
      revive: journalErrorOf,
      cancelled: readerGone,
    });
    this.#thread = new AuxiliaryThread('reader', url, {
      file,
      receive: (message) => this.#receive(message),
      more: { barrier: barrier.cells } satisfies ReaderStart,
    });
  }

  /** Reads up to the goal, which was committed by now. Rejects with a JournalError. */
  read(request: Read, goal: Position, signal: AbortSignal): Promise<QueryResult> {
    return this.#rpc.call('read', { request, goal }, { signal });
  }

  async endExport(id: number): Promise<void> {
    await this.#rpc.call('endExport', { id });
  }

  /** Resolves when the thread has let go of the file; reads under way are rejected at once. */
  async close(): Promise<void> {
    const closed = this.#thread.close('end');
    this.#rpc.end(() => new JournalError('closed', 'the journal is closed'));
    await closed;
  }

  #receive(message: FromReader): void {
    if ('damaged' in message) this.onDamage(message.damaged);
    else this.#rpc.receive(message);
  }
}
