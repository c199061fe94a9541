/** A reader of one event stream, for tests: events as they come, and the raw text. */
import { type IncomingMessage, request } from 'node:http';

export type Event = { event: string; id: string | undefined; data: Record<string, unknown> };

export class EventReader {
  readonly response: IncomingMessage;
  readonly events: Event[] = [];
  /** Everything that came, comments included. */
  raw = '';
  /** The last id, as an EventSource would send it. */
  lastId = '';
  ended = false;
  #rest = '';
  #wake: () => void = () => {};

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.on('close', () => {
      this.ended = true;
      this.#wake();
    });
    response.on('error', () => {});
  }

  /** Waits until the condition holds; rejects when the stream ends before. */
  async until(condition: (reader: EventReader) => boolean): Promise<void> {
    while (!condition(this)) {
      if (this.ended) throw new Error(`the stream ended early after ${this.raw.slice(-500)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits until the server has closed the stream. */
  async end(): Promise<Event | undefined> {
    await this.until(({ ended }) => ended);
    return this.events.at(-1);
  }

  /** The data of events of a kind. */
  of(event: string): Record<string, unknown>[] {
    return this.events.filter((one) => one.event === event).map(({ data }) => data);
  }

  close(): void {
    this.response.destroy();
  }

  #take(text: string): void {
    this.raw += text;
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop()!;
    for (const block of blocks) this.#read(block);
    this.#wake();
  }

  #read(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    const id = fields.get('id');
    if (id !== undefined) this.lastId = id;
    const data = fields.get('data');
    if (data !== undefined) this.events.push({ event: fields.get('event') ?? '', id, data: JSON.parse(data) });
  }
}

/** Opens a stream; resolves once the head has come, whatever its status. */
export function openEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers }, (response) => resolve(new EventReader(response)));
    asked.once('error', reject);
    asked.end();
  });
}
