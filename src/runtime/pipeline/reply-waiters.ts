/** Who waits for datagrams from a certain peer: sends that go out from a listener's own socket and expect a reply. */
import { addressBytes, sameAddress } from '../../net/address.ts';
import type { Endpoint } from '../../net/endpoint.ts';

type Watcher = { bytes: Uint8Array; port: number; callback: (payload: Uint8Array) => void };

export class ReplyWaiters {
  readonly #watchers = new Set<Watcher>();

  /** Whether anybody waits; look before `notify` on a hot path. */
  get active(): boolean {
    return this.#watchers.size > 0;
  }

  /** Returns the way to stop. */
  add({ host, port }: Endpoint, callback: (payload: Uint8Array) => void): () => void {
    const watcher = { bytes: addressBytes(host), port, callback };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** A datagram came. The address is 16 bytes at `offset`; the payload may change afterwards. */
  notify(payload: Uint8Array, remote: Uint8Array, port: number, offset = 0): void {
    for (const watcher of this.#watchers) {
      if (watcher.port === port && sameAddress(watcher.bytes, remote, offset)) watcher.callback(payload);
    }
  }
}
