import type { Endpoint } from '../net/endpoint.ts';

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

/** Packets or records that are not sent, by why. */
export type PassedOver = {
  /** The capture holds only their beginning, and not even all headers. */
  snapped: number;
  /** Other protocols, broken headers, records of other kinds. */
  foreign: number;
  /** Pieces of datagrams whose other pieces the file doesn't hold. */
  fragments: number;
  /** Link types that are not known here, with their packets; those count as foreign too. */
  linkTypes: Map<number, number>;
};

export type Imported = {
  items: ImportItem[];
  passedOver: PassedOver;
  /** The byte where the file breaks off in its last packet, block or line; null where it is whole. */
  cutAt: number | null;
};

/** The file can't be read. `offset` is the byte where it stops making sense. */
export class ImportError extends Error {
  readonly offset: number;

  constructor(offset: number, detail: string) {
    super(`at byte ${offset}: ${detail}`);
    this.offset = offset;
  }
}
