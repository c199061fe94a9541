/** The end of a listener and of all it kept. */
import type { CloseMode } from '../../domain.ts';
import { ProblemError } from '../../errors.ts';
import type { ListenerCatalog } from '../../journal/ports.ts';
import type { Listener } from '../listener.ts';
import type { ListenerTable } from '../listener-table.ts';
import type { Lifecycle } from './lifecycle.ts';

type Parts = {
  table: ListenerTable;
  lifecycle: Lifecycle;
  journal: ListenerCatalog;
  onError: (error: unknown) => void;
};

export class Removal {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves once sockets are closed, own threads joined and messages gone. Rejects with `not_found` when it went before. */
  async remove(listener: Listener, how: { mode: CloseMode; drain: number }): Promise<void> {
    const { table, lifecycle, journal } = this.#parts;
    await listener.exclusive(async () => {
      if (!table.has(listener)) throw new ProblemError('not_found', `there is no listener ${listener.id}`);
      await lifecycle.close(listener, { ...how, reason: 'deleted' });
      await journal.forget(listener.number);
      table.drop(listener);
    });
  }

  /** The same at once, where somebody else may have removed it. Never rejects. */
  async removeIfThere(listener: Listener): Promise<void> {
    const { table, onError } = this.#parts;
    await this.remove(listener, { mode: 'fin', drain: 0 }).catch((error) => {
      if (table.has(listener)) onError(error);
    });
  }
}
