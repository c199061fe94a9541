/** What an import finds in a file: messages in file order, whoever wrote it. */
import type { Endpoint } from '../../workers/protocol.ts';

export type ImportItem = {
  /** Nanoseconds since 1970, as the file says. */
  at: bigint;
  /** As the capturing side saw it; null where the file doesn't say. */
  direction: 'in' | 'out' | null;
  from: Endpoint | null;
  to: Endpoint | null;
  /** A view into the file's bytes where that is possible. */
  payload: Uint8Array;
  /** The file holds only the beginning of the payload. */
  truncated: boolean;
};

export type Imported = {
  items: ImportItem[];
  /** Packets or records that are no message to replay: other protocols, broken headers, fragments without their rest. */
  skipped: number;
};

/** The file can't be read. `offset` is the byte where it stops making sense. */
export class ImportError extends Error {
  readonly offset: number;

  constructor(offset: number, detail: string) {
    super(`at byte ${offset}: ${detail}`);
    this.offset = offset;
  }
}
