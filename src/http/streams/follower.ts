/**
 * Following the journal: a pull loop that the heads drive. It replays from a cursor and goes on live with nothing lost
 * and nothing twice, because live is only the next pull.
 */

import { withEpochOf } from '../../journal/cursor.ts';
import type { MessageFilter, PayloadMode, Read, ReadResult, ReadScope } from '../../schemas/reads.ts';
import type { EndReason, EventStream } from './sse.ts';
import type { Streams } from './streams.ts';

/** Items and bytes of one pull: small enough to interleave clients, large enough to replay fast. */
const PULL_ITEMS = 1000;
const PULL_BYTES = 512 * 1024;

/** Where to look; `key` is the same for the same scope. It may change while it is followed. */
export type FollowedScope = { scope: ReadScope; key: string };

export type Following = {
  where: () => FollowedScope;
  /** Exclusive cursor; null starts at the end. */
  after: string | null;
  filter: MessageFilter;
  payload: PayloadMode;
  /** Messages after which the stream ends. */
  limit: number;
};

export class Follower {
  readonly #streams: Streams;
  readonly #stream: EventStream;
  readonly #what: Following;
  readonly #stopListening: () => void;
  #cursor = '';
  #left: number;
  #ending: EndReason | undefined;
  #rung = false;
  #wake: () => void = () => {};

  /** From here on no head is missed. */
  constructor(streams: Streams, stream: EventStream, what: Following) {
    this.#streams = streams;
    this.#stream = stream;
    this.#what = what;
    this.#left = what.limit;
    this.#stopListening = streams.journal.onTails((heads) => {
      if (concerns(what.where().scope, heads)) this.ring();
    });
    stream.onClosed(() => this.#dispose());
  }

  /** Looks again at once: something changed that heads don't tell. */
  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Ends the stream once what is there has been handed over; with `for` at once. */
  end(reason: EndReason): void {
    this.#ending ??= reason;
    this.ring();
  }

  /** The first pull. Rejects when the cursor is not good, while an error can still be answered. */
  async start(): Promise<ReadResult> {
    this.#cursor = this.#what.after ?? (await this.#streams.journal.end(this.#what.where().scope));
    const first = await this.#read();
    this.#cursor = withEpochOf(this.#cursor, first.next);
    return first;
  }

  /** Nothing is left to be seen, now or later, for a reader who stands where the first pull began. */
  isOver({ items, hasMore, gap }: ReadResult): boolean {
    return this.#endingBeforePull === 'completed' && items === 0 && !hasMore && gap === undefined;
  }

  /** Where the stream starts. */
  get cursor(): string {
    return this.#cursor;
  }

  /** Follows until the stream ends. */
  async run(first: ReadResult): Promise<void> {
    try {
      for (let result = first; ; result = await this.#read()) {
        if (!(await this.#handOver(result))) return;
      }
    } catch (error) {
      // The journal forgets a listener before the registry tells that it is gone.
      const forgotten = (error as { code?: string }).code === 'unknown_listener';
      const reason = this.#ending ?? (forgotten ? 'deleted' : undefined);
      if (reason === undefined) throw error;
      this.#stream.end(reason);
    } finally {
      this.#dispose();
    }
  }

  /** Writes what was read and waits until there may be more. False when the stream has ended. */
  async #handOver(result: ReadResult): Promise<boolean> {
    const ending = this.#endingBeforePull;
    this.#write(result);
    if (this.#left <= 0) return this.#finish('limit');
    if (ending !== undefined && (ending === 'for' || !result.hasMore)) return this.#finish(ending);
    if (!(await this.#stream.ready())) return this.#giveUp();
    if (!result.hasMore) await this.#heard();
    return !this.#stream.isClosed;
  }

  #endingBeforePull: EndReason | undefined;

  #read(): Promise<ReadResult> {
    this.#rung = false;
    this.#endingBeforePull = this.#ending;
    const { scope } = this.#what.where();
    const request: Read = {
      scope,
      after: this.#cursor,
      before: null,
      order: 'asc',
      limit: Math.min(this.#left, PULL_ITEMS),
      maxBytes: PULL_BYTES,
      filter: this.#what.filter,
      payload: this.#what.payload,
      format: 'sse',
    };
    return this.#streams.journal.read(request);
  }

  /** What was evicted before the reader came to it stands in the body, as a gap. */
  #write({ body, next, messages }: ReadResult): void {
    this.#stream.events(body, next);
    this.#cursor = next;
    this.#left -= messages;
  }

  #finish(reason: EndReason): false {
    this.#stream.end(reason);
    return false;
  }

  #giveUp(): false {
    if (!this.#stream.isClosed) this.#streams.lagged(this.#stream);
    return false;
  }

  async #heard(): Promise<void> {
    if (this.#rung) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #dispose(): void {
    this.#stopListening();
    this.ring();
  }
}

function concerns(scope: ReadScope, heads: ReadonlyMap<number, number>): boolean {
  if ('listener' in scope) return heads.has(scope.listener);
  return scope.listeners === null || scope.listeners.some((listener) => heads.has(listener));
}
