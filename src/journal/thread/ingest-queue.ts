/** Arrivals: chunks on their way from the workers' ports to a commit, and the credit that is owed for them. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ChunkMessage, CreditMessage } from '../../records/chunk-transfer.ts';

type Arrival = { port: MessagePort; chunk: ChunkMessage };

export class IngestQueue {
  readonly #onArrival: () => void;
  readonly #ports = new Set<MessagePort>();
  /** Bytes taken but not yet given back, by port. */
  readonly #owed = new Map<MessagePort, CreditMessage>();
  #arrived: Arrival[] = [];
  /** How many of those are taken. */
  #taken = 0;
  /** Taken but not committed; goes back in front of the others when the commit fails. */
  #batch: Arrival[] = [];

  constructor(onArrival: () => void) {
    this.#onArrival = onArrival;
  }

  attach(port: MessagePort): void {
    this.#ports.add(port);
    port.on('message', (chunk: ChunkMessage) => {
      this.#arrived.push({ port, chunk });
      this.#onArrival();
    });
    port.on('close', () => this.#ports.delete(port));
  }

  /** Takes one: what arrived first, then what the ports still hold. */
  take(): ChunkMessage | undefined {
    const next = this.#next();
    if (next === undefined) return undefined;
    const { port, chunk } = next;
    this.#batch.push(next);
    this.#owed.set(port, (this.#owed.get(port) ?? 0) + chunk.byteLength);
    return chunk;
  }

  /** What was taken is stored. */
  commit(): void {
    this.#batch = [];
  }

  /** As if nothing had been taken since the last commit; answers how many chunks that were. */
  rollback(): number {
    const { length } = this.#batch;
    for (const { port, chunk } of this.#batch) this.#owed.set(port, this.#owed.get(port)! - chunk.byteLength);
    this.#arrived = [...this.#batch, ...this.#arrived.slice(this.#taken)];
    this.#taken = 0;
    this.#batch = [];
    return length;
  }

  /** Gives back the credit of what was taken. */
  giveBack(): void {
    for (const [port, bytes] of this.#owed) port.postMessage(bytes);
    this.#owed.clear();
  }

  /** Bytes that wait to be taken, those in the ports too. */
  held(): number {
    this.#arrived = this.#arrived.slice(this.#taken);
    this.#taken = 0;
    for (let next = this.#receive(); next !== undefined; next = this.#receive()) this.#arrived.push(next);
    return this.#arrived.reduce((sum, { chunk }) => sum + chunk.byteLength, 0);
  }

  close(): void {
    for (const port of this.#ports) port.close();
  }

  #next(): Arrival | undefined {
    if (this.#taken < this.#arrived.length) return this.#arrived[this.#taken++];
    this.#arrived = [];
    this.#taken = 0;
    return this.#receive();
  }

  #receive(): Arrival | undefined {
    for (const port of this.#ports) {
      const received = receiveMessageOnPort(port);
      if (received !== undefined) return { port, chunk: received.message };
    }
    return undefined;
  }
}
