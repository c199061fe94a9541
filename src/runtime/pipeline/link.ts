/**
 * Link: the only way out to whoever a message came from, a UDP peer or a connection. On a hot path it is one object that
 * stands for each message in turn; `keep` gives one for actions that outlive the message at hand.
 */

import type { Framing } from '../../schemas/framing.ts';

/** Why a connection is not read: no credit, the peer does not take our answers, one is under way, a pause, by request, by a rule, never. */
export type HoldReason = 'credit' | 'unread' | 'answering' | 'paused' | 'asked' | 'rule' | 'stalled';

/** What is known of a payload beside its bytes. Filled anew for the next one: take what is needed, keep no hold of it. */
export type SendMeta = {
  /** Ordinal of the message that it answers. */
  answers: number;
  /** It goes out as it is, without framing. */
  raw?: boolean;
  /** It ends as the message did that it repeats. */
  repeats?: boolean;
  /** The rule that sends it, for its record; '' where the record of the message that it answers tells it. */
  rule?: string;
};

export interface Link {
  /**
   * Sends a payload and records it as `out`. The payload is copied or handed over: nobody changes it afterwards. What
   * can't be sent is counted or told as a problem.
   */
  send(payload: Uint8Array, meta: Readonly<SendMeta>): void;
  /** Ends a connection; nothing for datagrams, which have none. */
  close(mode: 'fin' | 'rst'): void;
  /** Streams: our FIN, once what is queued has left; reading goes on. */
  halfClose?(): void;
  /** Streams: does not read for so many milliseconds. */
  pauseReading?(milliseconds: number): void;
  /** Streams: the framing of bytes behind the message at hand, and of what is sent from now on. */
  setFraming?(framing: Framing): void;
  /** Sets or lifts a reason not to read from this peer; nothing for datagrams. */
  hold(reason: HoldReason, on: boolean): void;
  /** A link to the same peer that stays. */
  keep(): Link;
}
