/**
 * Damage: what readers found that is not what was stored. Each is told once in the log, and in the history of its
 * listener; the substitute then takes its place, so that no later process has to find it again.
 */
import { listenerId } from '../../records/ids.ts';
import { JournalError } from '../journal-error.ts';
import type { Log } from '../log/log.ts';
import type { Spot } from '../store/store.ts';
import type { Ingest } from '../thread/ingest.ts';

type Parts = {
  log: Log;
  ingest: Ingest;
  /** Takes a line for the log. */
  notify: (line: string) => void;
};

export class Damage {
  readonly #parts: Parts;
  /** Rows that are told. */
  readonly #reported = new Set<number>();
  #found: Spot[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A reader found it. What is to be written waits until the reader is through. */
  note(spot: Spot): void {
    if (this.#reported.has(spot.row)) return;
    this.#reported.add(spot.row);
    this.#found.push(spot);
    if (this.#found.length === 1) setImmediate(() => this.#settle());
  }

  #settle(): void {
    const found = this.#found;
    this.#found = [];
    for (const spot of found) this.#mend(spot);
  }

  /** What can't be stored now is told all the same. */
  #mend(spot: Spot): void {
    const { log, ingest, notify } = this.#parts;
    const detail = `${whatOf(spot)} damaged on the disk; a gap stands in the history`;
    notify(`listener ${listenerId(spot.listener)}: ${detail}`);
    try {
      ingest.change(() => log.mend(spot, detail));
    } catch (error) {
      if (!(error instanceof JournalError && error.code === 'storage')) throw error;
    }
  }
}

function whatOf({ start, end }: Spot): string {
  const [first, last] = [start.major + 1, end.major];
  if (last < first) return `records after message ${start.major} are`;
  return first === last ? `message ${first} is` : `messages ${first} to ${last} are`;
}
