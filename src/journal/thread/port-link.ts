/** Chunks of a thread, over a MessagePort. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ChunkLink, ChunkMessage, CreditMessage } from '../../records/chunk-transfer.ts';

export class PortLink implements ChunkLink {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  onChunk(callback: (chunk: ChunkMessage) => void): void {
    this.#port.on('message', callback);
  }

  onClose(callback: () => void): void {
    this.#port.on('close', callback);
  }

  drain(): ChunkMessage | undefined {
    return receiveMessageOnPort(this.#port)?.message;
  }

  credit(bytes: CreditMessage): void {
    this.#port.postMessage(bytes);
  }

  close(): void {
    this.#port.close();
  }
}
