/**
 * CaptureInterface: what an export knows of one listener, which appears in the capture as one network interface. Holds
 * the TCP conversations that are under way, and what was dropped since the last packet.
 */
import { isIP } from 'node:net';
import { addressBytes } from '../net/address.ts';
import type { ChunkReader, GapReason } from '../records/chunk.ts';
import type { Flow } from './frame.ts';
import { TcpConversation } from './tcp-conversation.ts';

/** What a capture says of a listener. */
export type CaptureListener = {
  number: number;
  id: string;
  name?: string | null;
  protocol: 'udp' | 'tcp';
  /** The bound address; it may be a wildcard. */
  local: { address: string; port: number };
  /** What ended each incoming TCP message on the wire, as latin1 text, and is not part of it, e.g. LF of line framing. */
  terminator?: string;
};

/** Conversations remembered at once; the one that began first is forgotten, and starts anew should it speak again. */
const REMEMBERED = 65_536;
/** Distance of the first sequence numbers of two conversations: a port used again must not look like a repetition. */
const INITIAL_STEP = 0x0100_0193;
const UNKNOWN = new Uint8Array(16);
const UNKNOWN_IPV4 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0);

type Bound = { address: Uint8Array; port: number };

/** Messages dropped, and a comment for each gap. */
export type Gaps = { dropped: number; comments: readonly string[] };

const NO_GAPS: Gaps = { dropped: 0, comments: [] };
const COMMENTS_LIMIT = 16;

export class CaptureInterface {
  readonly id: number;
  readonly listener: CaptureListener;
  readonly name: string;
  /** How every comment begins. */
  readonly label: string;
  droppedInAll = 0;
  #gaps: Gaps = NO_GAPS;
  readonly #bound: Bound;
  readonly #conversations = new Map<number, TcpConversation>();
  #begun = 0;

  constructor(id: number, listener: CaptureListener) {
    this.id = id;
    this.listener = listener;
    this.name = listener.name ?? listener.id;
    this.label = `listener=${this.name}`;
    this.#bound = { address: addressBytes(listener.local.address), port: listener.local.port };
  }

  get description(): string {
    const { id, protocol, local } = this.listener;
    const host = local.address.includes(':') ? `[${local.address}]` : local.address;
    return `${id} ${protocol}://${host}:${local.port}`;
  }

  addGap(reason: GapReason, dropped: number): void {
    const before = this.#gaps;
    const comment = `gap: ${dropped} dropped (${reason})`;
    // A run of gaps without a packet between them: the count stays exact, the words stop.
    const comments = before.comments.length < COMMENTS_LIMIT ? [...before.comments, comment] : before.comments;
    this.#gaps = { dropped: before.dropped + dropped, comments };
    this.droppedInAll += dropped;
  }

  /** What was dropped since the last packet; the next one starts anew. */
  takeGaps(): Gaps {
    const gaps = this.#gaps;
    this.#gaps = NO_GAPS;
    return gaps;
  }

  /** Both ends of the record under the reader. */
  flow(reader: ChunkReader): Flow {
    const bound = this.#localOf(reader);
    const remote = reader.hasRemote
      ? reader.bytes.slice(reader.remoteOffset, reader.remoteOffset + 16)
      : unknownLike(bound.address);
    const local = localFor(remote, bound.address);
    const family = isIpv4(remote) && isIpv4(local) ? 4 : 6;
    return { family, local, localPort: bound.port, remote, remotePort: reader.remotePort };
  }

  /** The conversation of the record under the reader; begins one when none is under way or `fresh` asks for it. */
  conversation(reader: ChunkReader, options: { fresh: boolean }): TcpConversation {
    const key = reader.connection ?? 0;
    const known = this.#conversations.get(key);
    if (known !== undefined && !options.fresh) return known;
    const begun = new TcpConversation(this.flow(reader), Math.imul(++this.#begun, INITIAL_STEP));
    this.#conversations.delete(key);
    if (this.#conversations.size >= REMEMBERED) this.#conversations.delete(this.#conversations.keys().next().value!);
    this.#conversations.set(key, begun);
    return begun;
  }

  end(reader: ChunkReader): void {
    this.#conversations.delete(reader.connection ?? 0);
  }

  #localOf(reader: ChunkReader): Bound {
    const text = reader.hasExtras ? reader.extras.local : undefined;
    return (text === undefined ? undefined : parseBound(text, this.#bound.port)) ?? this.#bound;
  }
}

/** `address:port`, `[address]:port`, or an address alone, which has the listener's port; undefined when it is none. */
function parseBound(text: string, port: number): Bound | undefined {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? text;
  if (isIP(address) === 0) return undefined;
  return { address: addressBytes(address), port: Number(match?.[3] ?? port) };
}

/** A wildcard is no address to send from: a loopback peer was met at its own address, another one at the unknown. */
function localFor(remote: Uint8Array, local: Uint8Array): Uint8Array {
  if (!isWildcard(local)) return local;
  if (isLoopback(remote)) return remote;
  return unknownLike(remote);
}

function unknownLike(address: Uint8Array): Uint8Array {
  return isIpv4(address) ? UNKNOWN_IPV4 : UNKNOWN;
}

function isIpv4(address: Uint8Array): boolean {
  for (let i = 0; i < 12; i++) if (address[i] !== UNKNOWN_IPV4[i]) return false;
  return true;
}

function isWildcard(address: Uint8Array): boolean {
  for (let i = isIpv4(address) ? 12 : 0; i < 16; i++) if (address[i] !== 0) return false;
  return true;
}

function isLoopback(address: Uint8Array): boolean {
  if (isIpv4(address)) return address[12] === 127;
  for (let i = 0; i < 15; i++) if (address[i] !== 0) return false;
  return address[15] === 1;
}
