/** Outgoing: what leaves on one connection, in its frame, and is recorded. */
import type { Draft } from '../../../records/chunk.ts';
import { WorkerError } from '../../../rpc/wire-error.ts';
import { FramingError } from '../../framing/frame-codec.ts';
import type { FramedStream } from '../../framing/framed-stream.ts';
import type { SendMeta } from '../../pipeline/link.ts';
import { aboutReply } from '../../pipeline/marks.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { ConnectionLog, Party } from './connection-log.ts';
import type { ReadingHolds } from './reading-holds.ts';
import type { StreamSocket } from './stream.ts';

/** Bytes that may wait for a peer that does not read. */
const WRITE_LIMIT = 16 * 1024 * 1024;

/** What is known of a payload that comes from outside; `inReplyTo` is the seq of the message that it answers. */
export type UnaskedSend = { sendId?: string | undefined; inReplyTo?: number | undefined; raw?: boolean };

type About = Pick<Draft, 'reference' | 'answersSeq' | 'extras'>;

type OutgoingOptions = {
  readonly party: Party;
  readonly socket: StreamSocket;
  readonly stream: FramedStream;
  readonly holds: ReadingHolds;
  readonly pipeline: Pipeline;
  readonly log: ConnectionLog;
};

export class Outgoing {
  readonly #party: Party;
  readonly #socket: StreamSocket;
  readonly #stream: FramedStream;
  readonly #holds: ReadingHolds;
  readonly #pipeline: Pipeline;
  readonly #log: ConnectionLog;

  constructor({ party, socket, stream, holds, pipeline, log }: OutgoingOptions) {
    this.#party = party;
    this.#socket = socket;
    this.#stream = stream;
    this.#holds = holds;
    this.#pipeline = pipeline;
    this.#log = log;
  }

  /** An answer, behind those before it. What is empty is an empty frame, or nothing where there is none. */
  answer(payload: Uint8Array, meta: SendMeta): void {
    if (!this.#socket.writable) {
      this.#pipeline.suppress();
      return;
    }
    const framed = meta.raw === true ? payload : this.#framed(payload, meta.repeats);
    if (framed === null || framed.length === 0) return;
    const refusal = this.#write(payload, framed, aboutReply(meta));
    if (refusal !== null) this.#log.refusals.note(refusal);
  }

  /** Bytes taken. Throws code `framing_error` for a payload that no frame can hold, `limit_reached` when the peer does not read and too much waits already. */
  send(payload: Uint8Array, { sendId, inReplyTo, raw = false }: UnaskedSend): number {
    const { writable, writableLength } = this.#socket;
    if (!writable) throw new WorkerError('not_listening', 'the connection is closed for writing');
    if (writableLength > WRITE_LIMIT) {
      throw new WorkerError('limit_reached', `the peer does not read: ${writableLength} bytes wait`);
    }
    const framed = raw ? payload : this.#stream.encode(payload);
    const extras = sendId === undefined ? undefined : { sendId };
    const refusal = this.#write(payload, framed, { extras, answersSeq: inReplyTo });
    if (refusal !== null) throw new WorkerError('not_listening', `the connection is closed: ${refusal}`);
    return payload.length;
  }

  /** A payload in its frame; null where no frame can hold it, which is told. */
  #framed(payload: Uint8Array, repeats = false): Uint8Array | null {
    try {
      return this.#stream.encode(payload, repeats);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#pipeline.suppress();
      this.#log.recordProblem(this.#party, { code: 'framing_error', detail: error.message });
      return null;
    }
  }

  /** Sends a frame and records its payload. The errno name of a refusal; null when the bytes were taken. */
  #write(payload: Uint8Array, framed: Uint8Array, about: About): string | null {
    const isTaken = this.#socket.write(framed);
    // A socket that writes at once fails at once, and says so here before its `error` comes.
    const { errored } = this.#socket;
    if (errored !== null) return (errored as NodeJS.ErrnoException).code ?? 'internal';
    this.#log.recordOutgoing(this.#party, payload, framed, about);
    if (isTaken || this.#holds.has('unread')) return null;
    this.#holds.set('unread', true);
    this.#socket.once('drain', () => this.#holds.set('unread', false));
    return null;
  }
}
