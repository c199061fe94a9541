/**
 * The ways out of one binding's socket: to the sender of the datagram at hand, and to peers of earlier ones. Within a pass
 * answers gather in the thread's batch and leave together by sendmmsg; they are recorded after what they answer.
 */
import { encodeExtras } from '../../../records/chunk.ts';
import { COLUMN } from '../../counters.ts';
import { EMSGSIZE } from '../../native/layout.ts';
import { errnoName } from '../../native/libc.ts';
import { SEND_BATCH_SLOTS } from '../../native/send-batch.ts';
import { MAX_DATAGRAM } from '../../native/sockaddr.ts';
import type { HoldReason, Link, SendMeta } from '../../pipeline/link.ts';
import { type RefusalLog, repliesRefused } from '../../refusal-log.ts';
import type { BindingContext } from '../../transport.ts';
import type { ThreadResources } from './thread-resources.ts';

/** Bytes of a struct sockaddr_in6, the largest there is here. */
const NAME_BYTES = 28;

type Options = { resources: ThreadResources; context: BindingContext; fd: number; keep: number };

export class MmsgLinks {
  /** To the sender of the datagram in slot `slot` of the arena. */
  readonly current = new SlotLink(this);
  /** Bytes kept of what is sent. */
  keep: number;
  /** The binding's socket. */
  fd: number;
  readonly #resources: ThreadResources;
  readonly #context: BindingContext;
  readonly #refusals: RefusalLog;
  readonly #row: Float64Array;
  /** For each slot of the batch, the ordinal of the message answered. */
  readonly #answered = new Float64Array(SEND_BATCH_SLOTS);

  constructor({ resources, context, fd, keep }: Options) {
    this.#resources = resources;
    this.#context = context;
    this.fd = fd;
    this.#refusals = repliesRefused(context);
    this.#row = context.counters.row;
    this.keep = keep;
  }

  /** Answers the datagram in a slot of the arena; only within a pass. */
  reply(payload: Uint8Array, slot: number, answers: number): void {
    if (!this.#fits(payload)) return;
    const { batch, arena } = this.#resources;
    if (batch.isFull) this.leave();
    this.#answered[batch.count] = answers;
    batch.reply(payload, arena, slot);
  }

  /** To a struct sockaddr. */
  to(name: Uint8Array): Link {
    return new KeptLink(this, name);
  }

  /** Sends to a struct sockaddr, within a pass or outside of one. */
  send(payload: Uint8Array, name: Uint8Array, { answers, rule = '' }: Readonly<SendMeta>): void {
    if (!this.#fits(payload)) return;
    const { batch, writer } = this.#resources;
    const inPass = writer.isOpen;
    if (!inPass) writer.open(this.#context.recorder);
    // What says more than which message it answers leaves by itself.
    const isAlone = rule !== '';
    if (batch.isFull || isAlone) this.leave();
    this.#answered[batch.count] = answers;
    batch.push(payload, name);
    if (inPass && !isAlone) return;
    this.leave(isAlone ? encodeExtras({ rule }) : undefined);
    if (inPass) return;
    writer.close();
  }

  /** Sends what has gathered and records it, with these extras if any; returns how many left. */
  leave(extras?: Uint8Array): number {
    const { batch } = this.#resources;
    const total = batch.count;
    if (total === 0) return 0;
    const sent = batch.flush(this.fd);
    this.#record(total, extras);
    return sent;
  }

  close(): void {
    this.#refusals.close();
  }

  /** The struct sockaddr of the datagram in a slot, copied. */
  nameOf(slot: number): Uint8Array {
    const { arena } = this.#resources;
    const name = arena.nameOffset(slot);
    return arena.names.slice(name, name + NAME_BYTES);
  }

  #fits(payload: Uint8Array): boolean {
    if (payload.length <= MAX_DATAGRAM) return true;
    this.#refusals.note(errnoName(-EMSGSIZE));
    return false;
  }

  #record(total: number, extras: Uint8Array | undefined): void {
    const { batch, writer, clock } = this.#resources;
    const { keep } = this;
    const at = clock.read();
    const row = this.#row;
    for (let i = 0; i < total; i++) {
      if (batch.results[i] !== 1) {
        this.#refusals.note(errnoName(batch.results[i]!));
        continue;
      }
      const size = batch.size(i);
      row[COLUMN.sent]!++;
      row[COLUMN.sentBytes]! += size;
      writer.outgoing(batch, i, size, keep, at, this.#answered[i]!, extras);
    }
  }
}

/** The sender of the datagram at hand: one object for all of them. */
class SlotLink implements Link {
  slot = 0;
  readonly #links: MmsgLinks;

  constructor(links: MmsgLinks) {
    this.#links = links;
  }
  send(payload: Uint8Array, { answers }: SendMeta): void {
    this.#links.reply(payload, this.slot, answers);
  }
  close(): void {}
  hold(_reason: HoldReason, _on: boolean): void {}
  keep(): Link {
    return new KeptLink(this.#links, this.#links.nameOf(this.slot));
  }
}

/** The sender of an earlier datagram. */
class KeptLink implements Link {
  readonly #links: MmsgLinks;
  readonly #name: Uint8Array;

  constructor(links: MmsgLinks, name: Uint8Array) {
    this.#links = links;
    this.#name = name;
  }
  send(payload: Uint8Array, meta: Readonly<SendMeta>): void {
    this.#links.send(payload, this.#name, meta);
  }
  close(): void {}
  hold(): void {}
  keep(): Link {
    return this;
  }
}
