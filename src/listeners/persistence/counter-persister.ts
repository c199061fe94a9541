/** Saves the counts of all listeners for the next process: once a second those that changed, and at the end. */

import { type Clock, systemClock } from '../../clock/clock.ts';
import type { JournalError } from '../../journal/journal-error.ts';
import type { ListenerCatalog } from '../../journal/ports.ts';
import type { SavedCounters } from '../counters/saved-counters.ts';
import type { Listener } from '../listener.ts';
import type { ListenerTable } from '../listener-table.ts';

/** Milliseconds between two looks. */
const INTERVAL = 1000;

type Options = { table: ListenerTable; journal: ListenerCatalog; onError: (error: unknown) => void; clock?: Clock };

export class CounterPersister {
  readonly #table: ListenerTable;
  readonly #journal: ListenerCatalog;
  readonly #onError: (error: unknown) => void;
  readonly #stop: () => void;
  /** What is stored, by listener. */
  #saved: ReadonlyMap<number, string> = new Map();
  #saving = Promise.resolve();

  constructor({ table, journal, onError, clock = systemClock }: Options) {
    this.#table = table;
    this.#journal = journal;
    this.#onError = onError;
    this.#stop = clock.every(INTERVAL, () => void this.#next(), { background: true });
  }

  /** For the last time: nothing counts any more. Never rejects. */
  end(): Promise<void> {
    this.#stop();
    return this.#next();
  }

  #next(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save()).catch((error) => this.#failed(error));
    return this.#saving;
  }

  async #save(): Promise<void> {
    const present = new Map(this.#table.all().map((one) => [one.number, JSON.stringify(savedCountersOf(one))]));
    const changed = new Map([...present].filter(([number, text]) => this.#saved.get(number) !== text));
    if (changed.size > 0) await this.#journal.saveCounts(changed);
    this.#saved = present;
  }

  /** A journal that can't store says so itself; what changed is saved with the next look. */
  #failed(error: unknown): void {
    if ((error as JournalError).code !== 'storage') this.#onError(error);
  }
}

function savedCountersOf({ counters, repliesBefore, expiry: { expiresAt } }: Listener): SavedCounters {
  const { knowsKernelDrops } = counters;
  const taken = {
    request: counters.taken('request'),
    reply: counters.taken('reply') - repliesBefore,
    connection: counters.taken('connection'),
  };
  return { sums: counters.lasting(), taken, knowsKernelDrops, expiresAt };
}
