/**
 * Behavior: how a listener answers. Compiled once for a binding, then asked to decide on each message. A decision names
 * the rule that made it and lists what is to be done; it is made when the behavior is compiled and shared by all
 * messages it is taken for, so that deciding allocates nothing. What takes time is an action, never the decision.
 */

import type { Endpoint } from '../../net/endpoint.ts';
import type { Framing } from '../../schemas/framing.ts';
import type { BindingCounters } from '../counters.ts';
import type { RuleCells } from '../rule-cells.ts';
import type { Request } from './request.ts';

/** Where something is sent that is no answer. */
export type Destination = { readonly protocol: 'udp' | 'tcp'; readonly to: Endpoint };

/**
 * Datagrams: from which socket an answer leaves that does not leave from where the message came in: the listener's, or one
 * for this peer alone, until the peer was silent for so many milliseconds.
 */
export type ReplyFrom = 'listener' | { readonly newPort: number };

/** Bytes that are the same each time, or rendered from the message when the action is carried out. */
export type ActionPayload = Uint8Array | ((request: Request) => Uint8Array);

/** Throws TemplateFault where a message lacks what is filled in. */
export function payloadFor(payload: ActionPayload, request: Request): Uint8Array {
  return typeof payload === 'function' ? payload(request) : payload;
}

/** One thing to do for a message. */
export type Action =
  /**
   * Sends bytes: the same each time, or rendered from the message when the action is carried out. `raw`: without framing;
   * `repeats`: they end as the message did.
   */
  | {
      readonly do: 'send';
      readonly payload: ActionPayload;
      readonly raw?: boolean;
      readonly repeats?: boolean;
      readonly from?: ReplyFrom;
    }
  /** The same to somebody else; `rule` is the one that says so. */
  | {
      readonly do: 'sendTo';
      readonly destination: Destination;
      readonly payload: ActionPayload;
      readonly rule: string;
    }
  /** Waits before what follows, in milliseconds. */
  | { readonly do: 'delay'; readonly ms: number | (() => number) }
  /** Waits until somebody has answered the message, at most so many milliseconds. */
  | { readonly do: 'hold'; readonly ms: number }
  /** Streams: ends the connection; ends our side of it; does not read for so long; reads on by another framing. */
  | { readonly do: 'close'; readonly mode: 'fin' | 'rst' }
  | { readonly do: 'halfClose' }
  | { readonly do: 'pauseReading'; readonly ms: number }
  | { readonly do: 'setFraming'; readonly framing: Framing };

/** What is done for a message, in order. */
export type Decision = {
  readonly actions: readonly Action[];
  /** The rule that decided. */
  readonly rule?: string;
  /** The same as the extras of a record. */
  readonly extras?: Uint8Array;
  /** There are rules, and none matched. */
  readonly unmatched?: boolean;
  /** How the next message is cut, or whether it is read, is known only once the actions are done. */
  readonly blocks?: boolean;
};

/** What a behavior does by the clock: once after so many milliseconds without a message, or every so many. */
export type TimedEvent = {
  readonly kind: 'idle' | 'every';
  readonly ms: number;
  decide(request: Request): Decision;
};

/** All of them, for each connection or, on datagrams, for each peer. */
export type Timing = {
  readonly events: readonly TimedEvent[];
  /** Peers at most, and the milliseconds of silence after which one is forgotten. */
  readonly most: number;
  readonly idle: number;
};

/** Whom datagrams come from; the address has 16 bytes. */
export type DatagramPeer = { readonly remote: Uint8Array; readonly remotePort: number };

export const NO_ACTION: Decision = { actions: [] };

export interface Behavior {
  /** It never acts: bindings then skip everything that serves answers only. */
  readonly silent: boolean;
  /**
   * Called once for each message that may be answered; counts and states move here. The request is filled anew for the
   * next message as soon as its actions are done or kept: what outlives this call is taken by `request.keep()`.
   */
  decide(request: Request): Decision;
  /** What is done when a connection opens, or its peer ends its side; undefined: nothing waits for it. */
  readonly onConnect?: ((request: Request) => Decision) | undefined;
  readonly onHalfClose?: ((request: Request) => Decision) | undefined;
  /** Undefined: it does nothing by the clock. */
  readonly timing?: Timing | undefined;
  /** Peers of datagrams that it has met, the one that was silent longest first. */
  knownPeers?(): Iterable<DatagramPeer>;
  /** How many peers or connections are in each state. */
  census?(): Record<string, number>;
  /** A connection is gone, and what was kept of it. */
  forget?(connection: number): void;
}

/** What a behavior may know of the binding it serves. */
export type BehaviorContext = {
  /** Replies given before this behavior came, see LiveSpec.repliesBefore. */
  repliesBefore: number;
  counters: BindingCounters;
  protocol?: 'udp' | 'tcp';
  /** The one before it, whose peers' states go on. */
  before?: Behavior;
  /** What rules count, shared by all threads; null where there are none. */
  cells?: RuleCells | null;
};
