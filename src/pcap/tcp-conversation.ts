/**
 * Conversation: the TCP state that a capture of one connection would show. The journal keeps messages, not segments, so
 * sequence numbers are counted from the messages: a stream reassembles to their bytes in order. It outlives a single
 * pull of an export, so an export made in many pulls is one coherent capture.
 */
import { NO_PAYLOAD } from '../records/chunk.ts';
import { ACK, FIN, type Flow, PSH, RST, SEGMENT_LIMIT, type Segment, SYN } from './frame.ts';

/** After this many bytes one way the other side acknowledges; far inside the window that frames offer. */
const ACKNOWLEDGE_EVERY = 1024 * 1024;

/** Bytes of one message: `size` on the wire, of which `payload` was kept. */
export type Bytes = { payload: Uint8Array; size: number };

export class TcpConversation {
  readonly flow: Flow;
  /** Next sequence number of the peer and of the listener. */
  #peer: number;
  #own: number;
  /** Bytes of the peer and of the listener that the other side has not acknowledged. */
  #unacknowledged = { peer: 0, own: 0 };
  #shaken = false;

  /** @param initial the first sequence number; another one than the last conversation on the same ports had */
  constructor(flow: Flow, initial: number) {
    this.flow = flow;
    this.#peer = initial >>> 0;
    this.#own = initial >>> 0;
  }

  /** The handshake, once. */
  open(): Segment[] {
    if (this.#shaken) return [];
    this.#shaken = true;
    const syn = { ...this.#segment(true, SYN), acknowledge: 0 };
    this.#peer = add(this.#peer, 1);
    const answer = this.#segment(false, SYN | ACK);
    this.#own = add(this.#own, 1);
    return [syn, answer, this.#segment(true, ACK)];
  }

  /** A message's bytes in as few segments as there can be, and an acknowledgement now and then. */
  data(inbound: boolean, bytes: Bytes): Segment[] {
    const segments = this.open();
    for (let sent = 0; sent < bytes.size; sent += SEGMENT_LIMIT) {
      const size = Math.min(SEGMENT_LIMIT, bytes.size - sent);
      const flags = sent + size === bytes.size ? PSH | ACK : ACK;
      segments.push({ ...this.#segment(inbound, flags), payload: bytes.payload.subarray(sent, sent + size), size });
      this.#advance(inbound, size);
      if (this.#unacknowledged[inbound ? 'peer' : 'own'] >= ACKNOWLEDGE_EVERY) {
        segments.push(this.#segment(!inbound, ACK));
      }
    }
    return segments;
  }

  /** Both FINs and the last acknowledgement; or the one RST. `byPeer`: the peer's comes first. */
  close({ byPeer = true, reset = false } = {}): Segment[] {
    const segments = this.open();
    if (reset) return [...segments, this.#segment(byPeer, RST | ACK)];
    segments.push(this.#fin(byPeer), this.#fin(!byPeer), this.#segment(byPeer, ACK));
    return segments;
  }

  #fin(inbound: boolean): Segment {
    const segment = this.#segment(inbound, FIN | ACK);
    if (inbound) this.#peer = add(this.#peer, 1);
    else this.#own = add(this.#own, 1);
    return segment;
  }

  /** A segment without payload; sending one acknowledges all that the other side sent. */
  #segment(inbound: boolean, flags: number): Segment {
    this.#unacknowledged[inbound ? 'own' : 'peer'] = 0;
    const sequence = inbound ? this.#peer : this.#own;
    const acknowledge = inbound ? this.#own : this.#peer;
    return { inbound, flags, sequence, acknowledge, payload: NO_PAYLOAD, size: 0 };
  }

  #advance(inbound: boolean, size: number): void {
    this.#unacknowledged[inbound ? 'peer' : 'own'] += size;
    if (inbound) this.#peer = add(this.#peer, size);
    else this.#own = add(this.#own, size);
  }
}

/** Sequence numbers wrap at 2^32. */
function add(sequence: number, count: number): number {
  return (sequence + count) >>> 0;
}
