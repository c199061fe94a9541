/**
 * Fragments: puts IP datagrams together that a capture holds in pieces (RFC 791, RFC 8200 section 4.5). Bounded: the
 * oldest unfinished datagram goes when there are too many.
 */
export type Piece = { offset: number; payload: Uint8Array; more: boolean };

type Unfinished = { pieces: Map<number, Uint8Array>; bytes: number; total: number | undefined };

const UNFINISHED_LIMIT = 64;
const DATAGRAM_LIMIT = 65_535;

export class Fragments {
  readonly #unfinished = new Map<string, Unfinished>();
  #lost = 0;

  /** Pieces that have come to nothing so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Adds a piece of the datagram that `key` names; returns the whole when nothing is missing any more. */
  add(key: string, piece: Piece): Uint8Array | undefined {
    const end = piece.offset + piece.payload.length;
    const datagram = this.#find(key);
    this.#lost++;
    if (end > DATAGRAM_LIMIT || datagram.pieces.has(piece.offset)) return undefined;
    datagram.pieces.set(piece.offset, piece.payload);
    datagram.bytes += piece.payload.length;
    if (!piece.more) datagram.total = end;
    if (datagram.bytes !== datagram.total) return undefined;
    this.#unfinished.delete(key);
    const whole = join(datagram.pieces, datagram.total);
    if (whole !== undefined) this.#lost -= datagram.pieces.size;
    return whole;
  }

  #find(key: string): Unfinished {
    const known = this.#unfinished.get(key);
    if (known !== undefined) return known;
    if (this.#unfinished.size >= UNFINISHED_LIMIT) this.#unfinished.delete(this.#unfinished.keys().next().value!);
    const fresh: Unfinished = { pieces: new Map(), bytes: 0, total: undefined };
    this.#unfinished.set(key, fresh);
    return fresh;
  }
}

/** The pieces in a row; undefined when they overlap and so leave a hole elsewhere. */
function join(pieces: Map<number, Uint8Array>, total: number): Uint8Array | undefined {
  const whole = new Uint8Array(total);
  for (let at = 0; at < total; ) {
    const piece = pieces.get(at);
    if (piece === undefined || piece.length === 0 || at + piece.length > total) return undefined;
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
