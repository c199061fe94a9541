/** What waits, verifications and failure reports need of a listener: who it is, how it is read, and its cursor. */
import type { Verdict } from '../schemas/verification.ts';
import type { After } from './cursor.ts';
import type { RequestOptions } from './http.ts';
import type { Message } from './message.ts';
import type { Query } from './query.ts';
import type { Sight } from './reading.ts';
import type { ListenerView, PageView } from './views.ts';

/** Where a read begins. `passed` says of a message found there whether it was given out already. */
export type ReadStart = { place: string; passed: ((message: Message) => boolean) | undefined };

export interface ListenerReads {
  readonly id: string;
  readonly name: string | null;
  readonly url: string;
  refresh(): Promise<ListenerView>;
  rawPage(query: Query, options?: RequestOptions): Promise<PageView>;
  rawVerification(body: unknown, options?: RequestOptions): Promise<Verdict>;
  placeOf(after: After | undefined): Promise<string>;
  begin(sights: readonly Sight[]): ReadStart;
  given(messages: readonly Message[], cursor: string, sights: readonly Sight[]): void;
}
