/** CloseCause: who or what closed a connection, and how. Ours is noted when we decide it; else it was the peer or an error. */
import type { CloseReason } from '../../../schemas/records.ts';
import type { Closing } from './connection-log.ts';

/** Errors that are the peer's reset: seen when reading, and when writing after it. */
const RESETS: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

export class CloseCause {
  #closing: Closing | undefined;

  /** We close it. The first reason counts; that a reset follows a FIN which did not help is still told. */
  note(reason: CloseReason, mode: 'fin' | 'rst', detail?: string): void {
    const reset = mode === 'rst';
    if (this.#closing === undefined) this.#closing = { reason, reset, ...(detail === undefined ? {} : { detail }) };
    else if (reset) this.#closing = { ...this.#closing, reset };
  }

  /** What it came to, once the socket is closed. @param error that its socket ended with */
  closing(error: (Error & { code?: string }) | null): Closing {
    if (this.#closing !== undefined) return this.#closing;
    if (error === null) return { reason: 'peerFin', reset: false };
    const { code = 'internal' } = error;
    return RESETS.has(code) ? { reason: 'peerRst', reset: true } : { reason: 'error', reset: false, detail: code };
  }
}
