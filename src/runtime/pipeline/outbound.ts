/**
 * Outbound: what rules send to others than the peer. Datagrams of a datagram listener leave from its socket, behind the
 * guard of replies; all else leaves from a throw-away socket and becomes a send of the service. Both are limited to so many
 * a second for one destination, and so many are under way at a time: rules that feed each other stay harmless.
 */
import { addressBytes } from '../../net/address.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import type { ProtocolSendOptions } from '../../workers/protocol.ts';
import { COLUMN } from '../counters.ts';
import { RefusalLog } from '../refusal-log.ts';
import { singleOrder } from '../single-order.ts';
import type { BindingContext } from '../transport.ts';
import type { DatagramPeer, Destination } from './behavior.ts';
import type { Link, SendMeta } from './link.ts';
import { PairLimit, ReplyPolicy } from './reply-policy.ts';

/** Transmissions of one binding that may be under way. */
export const UNDER_WAY = 64;

/** What is told of those that came to nothing. */
const FAILED = 'sends of rules were not carried out';

type Options = {
  context: BindingContext;
  /** Of a datagram listener: whom it may answer, and the ways out of its socket. */
  policy: ReplyPolicy | null;
  linkTo: ((peer: DatagramPeer) => Link) | null;
};

export class Outbound {
  readonly #context: BindingContext;
  readonly #policy: ReplyPolicy;
  readonly #linkTo: Options['linkTo'];
  readonly #streams = new PairLimit();
  readonly #refusals: RefusalLog;
  /** Calls off each transmission under way. */
  readonly #underWay = new Set<() => void>();

  constructor({ context, policy, linkTo }: Options) {
    const { counters, problem, ownPorts } = context;
    this.#context = context;
    this.#policy = policy ?? new ReplyPolicy(ownPorts, counters);
    this.#linkTo = linkTo;
    this.#refusals = new RefusalLog({ counters, problem, counter: 'repliesRefused', what: FAILED });
  }

  send({ protocol, to }: Destination, payload: Uint8Array, meta: Readonly<SendMeta>): void {
    const remote = addressBytes(to.host);
    if (protocol === 'tcp') {
      if (this.#streams.allows(`${to.host} ${to.port}`)) this.#transmit(to, { protocol, tcp: PLAIN }, payload, meta);
      else this.#suppress();
    } else if (this.#policy.allows(remote, to.port)) {
      if (this.#linkTo === null) this.#transmit(to, { protocol }, payload, meta);
      else this.#sendFromListener(this.#linkTo, { remote, remotePort: to.port }, payload, meta);
    }
  }

  #sendFromListener(
    linkTo: NonNullable<Options['linkTo']>,
    peer: DatagramPeer,
    payload: Uint8Array,
    meta: Readonly<SendMeta>,
  ): void {
    try {
      linkTo(peer).send(payload, meta);
    } catch (error) {
      // The socket, on an address that a name stood for, is of another family.
      if (!(error instanceof TypeError)) throw error;
      this.#refusals.note('EAFNOSUPPORT', error.message);
    }
  }

  close(): void {
    for (const cancel of this.#underWay) cancel();
    this.#refusals.close();
  }

  #transmit(to: Endpoint, options: ProtocolSendOptions, payload: Uint8Array, { rule = '' }: Readonly<SendMeta>): void {
    const { mayOpen, transmit } = this.#context;
    if (transmit === undefined || this.#underWay.size >= UNDER_WAY || mayOpen?.() === false) {
      this.#suppress();
      return;
    }
    const { ended, cancel } = transmit({ ...singleOrder(to, payload), ...options }, rule);
    this.#underWay.add(cancel);
    void ended.then((error) => {
      this.#underWay.delete(cancel);
      if (error !== null) this.#refusals.note(error.code, `${to.host} port ${to.port}: ${error.message}`);
    });
  }

  #suppress(): void {
    this.#context.counters.row[COLUMN.repliesSuppressed]!++;
  }
}

const PLAIN = { framing: { type: 'none' }, halfClose: false, connections: 1 } as const;
