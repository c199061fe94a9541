/** All open streams: they are counted, and end together at shutdown. */
import type { Messages } from '../../domain.ts';
import { type EndReason, type EventStream, STREAM_LIMITS, type StreamLimits } from './sse.ts';

type Member = { stream: EventStream; end: (reason: EndReason) => void };

export class Streams {
  readonly journal: Messages;
  readonly limits: StreamLimits;
  readonly #members = new Set<Member>();
  #lagged = 0;
  #closing = false;

  constructor(journal: Messages, limits: StreamLimits = STREAM_LIMITS) {
    this.journal = journal;
    this.limits = limits;
  }

  /** Streams open now, and those ever cut because the client was too slow. */
  totals(): { clients: number; lagged: number } {
    return { clients: this.#members.size, lagged: this.#lagged };
  }

  /** Counts a stream until it closes; `end` is called when it must end. */
  add(stream: EventStream, end: (reason: EndReason) => void): void {
    const member = { stream, end };
    this.#members.add(member);
    stream.onClosed(() => this.#members.delete(member));
    if (this.#closing) end('shutdown');
  }

  lagged(stream: EventStream): void {
    this.#lagged++;
    stream.lag();
  }

  /** Ends every stream and waits until the clients have what is left, but so many milliseconds at most. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    const members = [...this.#members];
    for (const { end } of members) end('shutdown');
    const all = Promise.all(members.map(({ stream }) => stream.finished()));
    const late = new Promise<void>((resolve) => setTimeout(resolve, timeoutMs).unref());
    await Promise.race([all, late]);
    for (const { stream } of members) stream.destroy();
  }
}
