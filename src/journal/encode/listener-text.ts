/** The parts of a record's JSON that are the same for all records of a listener, as bytes ready to copy. */
import { connectionId, threadName } from '../../records/ids.ts';
import type { JournalListener } from '../journal.ts';

/** Connections whose text is remembered; a flood of them must not grow the journal. */
const REMEMBERED = 256;

export class ListenerText {
  readonly listener: JournalListener;
  /** `,"listenerId":"…","kind":"message","direction":"in","protocol":"udp","at":"` by kind and direction. */
  readonly messageIn: Buffer;
  readonly messageOut: Buffer;
  readonly dropIn: Buffer;
  readonly dropOut: Buffer;
  /** `,"local":{…}` */
  readonly local: Buffer;
  readonly #threads = new Map<number, Buffer>();
  readonly #connections = new Map<number, Buffer>();

  constructor(listener: JournalListener) {
    this.listener = listener;
    this.messageIn = this.#opening('message', 'in');
    this.messageOut = this.#opening('message', 'out');
    this.dropIn = this.#opening('drop', 'in');
    this.dropOut = this.#opening('drop', 'out');
    this.local = Buffer.from(`,"local":${JSON.stringify(listener.local)}`);
  }

  /** `,"thread":"…"` */
  thread(thread: number): Buffer {
    let text = this.#threads.get(thread);
    if (text === undefined) {
      text = Buffer.from(`,"thread":"${threadName(thread, this.listener.number)}"`);
      this.#threads.set(thread, text);
    }
    return text;
  }

  /** `,"connectionId":"…"` */
  connection(connection: number): Buffer {
    let text = this.#connections.get(connection);
    if (text === undefined) {
      if (this.#connections.size >= REMEMBERED) this.#connections.clear();
      text = Buffer.from(`,"connectionId":"${connectionId(connection)}"`);
      this.#connections.set(connection, text);
    }
    return text;
  }

  #opening(kind: string, direction: string): Buffer {
    const { id, protocol } = this.listener;
    return Buffer.from(
      `,"listenerId":"${id}","kind":"${kind}","direction":"${direction}","protocol":"${protocol}","at":"`,
    );
  }
}

const texts = new WeakMap<JournalListener, ListenerText>();

/** The texts of a listener, made once for each version of what is known of it. */
export function textOf(listener: JournalListener): ListenerText {
  let text = texts.get(listener);
  if (text === undefined) {
    text = new ListenerText(listener);
    texts.set(listener, text);
  }
  return text;
}
