/**
 * RunningExports: the writers of the exports under way, by the number of the export. An export is many pulls, and what it
 * knows of TCP connections must last from one to the next. Bounded: when there are too many, the one that was idle
 * longest ends, for a client may leave without a word.
 */

import { PcapngWriter } from '../../pcap/pcapng-writer.ts';
import type { ReadResult } from '../../schemas/reads.ts';

const LIMIT = 64;

export class RunningExports {
  readonly #writers = new Map<number, PcapngWriter>();

  /** The writer of an export; undefined when it has ended and this pull is not its first. */
  writer(id: number, options: { begins: boolean }): PcapngWriter | undefined {
    const writer = options.begins ? new PcapngWriter() : this.#writers.get(id);
    if (writer === undefined) return undefined;
    this.#writers.delete(id);
    if (this.#writers.size >= LIMIT) this.#writers.delete(this.#writers.keys().next().value!);
    this.#writers.set(id, writer);
    return writer;
  }

  /** Completes the answer to a pull: the last one also carries the end of the file, and the export is over. */
  answered(id: number, pulled: ReadResult): ReadResult {
    const writer = this.#writers.get(id);
    if (pulled.hasMore || writer === undefined) return pulled;
    this.#writers.delete(id);
    writer.finish();
    return { ...pulled, body: joined(pulled.body, writer.take()) };
  }

  /** The client has gone. */
  end(id: number): void {
    this.#writers.delete(id);
  }

  get size(): number {
    return this.#writers.size;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
