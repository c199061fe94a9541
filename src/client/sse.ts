/** Reads server-sent events (WHATWG HTML, 9.2) from a response body. */

export type ServerEvent = {
  /** `message` when the stream names none. */
  name: string;
  /** Data lines joined by LF; empty for a block that only moves the cursor. */
  data: string;
  /** The last event id so far. */
  id: string | undefined;
  /** Milliseconds to wait before a reconnect, when this block says so. */
  retry: number | undefined;
};

/**
 * The events in a body, as they come. Ends with the body, also when the connection breaks or falls silent for so many
 * milliseconds; leaving early cancels it.
 */
export async function* eventsOf(body: ReadableStream<Uint8Array>, silence: number): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (let piece = await read(reader, silence); piece !== undefined; piece = await read(reader, silence)) {
      yield* parser.push(decoder.decode(piece, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The next piece; undefined when there is none any more. */
async function read(reader: Reader, silence: number): Promise<Uint8Array | undefined> {
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), silence);
  try {
    return (await reader.read()).value;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Cuts text that comes in pieces into lines, and lines into events. */
export class EventParser {
  #rest = '';
  #afterReturn = false;
  #name = '';
  #data: string[] = [];
  #id: string | undefined;
  #retry: number | undefined;
  #changed = false;

  /** The events that are complete with this piece. */
  *push(piece: string): Generator<ServerEvent> {
    let text = this.#rest + piece;
    if (this.#afterReturn && text !== '') {
      if (text.startsWith('\n')) text = text.slice(1);
      this.#afterReturn = false;
    }
    let start = 0;
    for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) {
      this.#afterReturn = end === '\r' && index + 1 === text.length;
      const event = this.#line(text.slice(start, index));
      start = index + end.length;
      if (event !== undefined) yield event;
    }
    this.#rest = text.slice(start);
  }

  #line(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#name = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#move(value);
    else if (field === 'retry' && /^\d+$/.test(value)) this.#retry = Number(value);
    return undefined;
  }

  #move(id: string): void {
    this.#id = id;
    this.#changed = true;
  }

  #dispatch(): ServerEvent | undefined {
    const isEvent = this.#data.length > 0 || this.#changed || this.#retry !== undefined;
    const event = { name: this.#name || 'message', data: this.#data.join('\n'), id: this.#id, retry: this.#retry };
    this.#name = '';
    this.#data = [];
    this.#retry = undefined;
    this.#changed = false;
    return isEvent ? event : undefined;
  }
}
