/**
 * Who is served: a listener's allow and deny lists, its pause, and maxRequests. Each message goes through `refuses` and
 * then takes its number with `request`; both count what they turn away. Shared by the engines and by TCP, where a
 * request is a connection (socketserver's verify_request and handle_request).
 */

import type { Cidr } from '../../net/address.ts';
import { isWithin } from '../../net/address.ts';
import type { BindingSpec } from '../../workers/protocol.ts';
import type { BindingCounters } from '../counters.ts';
import { COLUMN } from '../counters.ts';
import type { Recorder } from '../transport.ts';

export class Admission {
  /** Changed by the binding's `update`. */
  paused: boolean;
  readonly #allow: Cidr[];
  readonly #deny: Cidr[];
  readonly #maxRequests: number | null;
  readonly #counters: BindingCounters;
  readonly #recorder: Recorder;
  readonly #row: Float64Array;
  readonly #open: boolean;

  constructor(spec: BindingSpec, counters: BindingCounters, recorder: Recorder) {
    this.paused = spec.paused;
    this.#allow = spec.allow;
    this.#deny = spec.deny;
    this.#open = spec.allow.length === 0 && spec.deny.length === 0;
    this.#maxRequests = spec.maxRequests;
    this.#counters = counters;
    this.#recorder = recorder;
    this.#row = counters.row;
  }

  /** Whether every message may be served as it comes, so that a batch needs no look at each. */
  get isOpen(): boolean {
    return this.#open && !this.paused && this.#maxRequests === null;
  }

  /** Whether this peer is turned away now. The address is 16 bytes at `offset`. Counts denied and paused. */
  refuses(remote: Uint8Array, offset = 0): boolean {
    if (!this.#open && !this.permits(remote, offset)) {
      this.#row[COLUMN.denied]!++;
      return true;
    }
    if (!this.paused) return false;
    this.#row[COLUMN.paused]!++;
    this.#recorder.gap('paused', 1);
    return true;
  }

  /** Whether the lists let this peer in; deny wins. One without an address passes no list. */
  permits(remote: Uint8Array | undefined, offset = 0): boolean {
    if (remote === undefined) return this.#open;
    if (this.#deny.some((cidr) => isWithin(cidr, remote, offset))) return false;
    return this.#allow.length === 0 || this.#allow.some((cidr) => isWithin(cidr, remote, offset));
  }

  /** The number of this request on the listener, from 1; 0 when maxRequests are used up: counted `closed`. */
  request(): number {
    const number = this.number();
    if (number !== 0) return number;
    this.#row[COLUMN.closed]!++;
    this.#recorder.gap('closed', 1);
    return 0;
  }

  /** Where `isOpen`: counts so many requests at once and returns the number of the first. */
  requests(count: number): number {
    this.#row[COLUMN.requests]! += count;
    this.#row[COLUMN.lastRequestAt] = Date.now();
    return this.#counters.take('request', count);
  }

  /** As `request`, without counting a refusal. */
  number(): number {
    if (this.#maxRequests !== null && this.#counters.taken('request') >= this.#maxRequests) return 0;
    const number = this.#counters.take('request');
    if (this.#maxRequests !== null && number > this.#maxRequests) return 0;
    this.#row[COLUMN.requests]!++;
    this.#row[COLUMN.lastRequestAt] = Date.now();
    return number;
  }
}
