/**
 * Strict listeners: a wait or a verification on one fails as soon as a message lies behind its cursor that no rule matched,
 * and lists those there are. Beside what is asked it waits for such a message; whichever comes first ends the other.
 */
import { asBuffer } from '../../as-buffer.ts';
import type { Messages } from '../../domain.ts';
import { ProblemError } from '../../errors.ts';
import { KIND_MESSAGE } from '../../records/chunk.ts';
import type { Read, ReadScope } from '../../schemas/reads.ts';

/** Messages that are listed, and bytes of their payloads. */
const SHOWN = 20;
const SHOWN_BYTES = 256 * 1024;
/** Characters of the text of each in the `detail`. */
const SHOWN_TEXT = 40;

export type StrictTerms = {
  /** Null where no listener that is asked of is strict. */
  scope: ReadScope | null;
  after: string | null;
  /** Milliseconds that what is asked may take. */
  timeout: number;
  signal: AbortSignal;
};

/** Does what is asked. Rejects with `unmatched` as soon as there is a message that no rule matched. */
export async function unlessUnmatched<T>(
  journal: Messages,
  { scope, after, timeout, signal }: StrictTerms,
  asked: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (scope === null) return asked(signal);
  const unmatched = unmatchedRead(scope, after);
  const found = new AbortController();
  const over = new AbortController();
  const watch = journal
    .wait({ ...unmatched, peek: true, limit: 1, count: 1, timeout }, AbortSignal.any([signal, over.signal]))
    .then(
      ({ satisfied }) => satisfied && found.abort(),
      // What is wrong with the cursor, or with the room for waits, is said by what was asked.
      () => {},
    );
  try {
    const result = await asked(AbortSignal.any([signal, found.signal]));
    await refuseUnmatched(journal, unmatched);
    return result;
  } catch (error) {
    if (found.signal.aborted) await refuseUnmatched(journal, unmatched);
    throw error;
  } finally {
    over.abort();
    await watch;
  }
}

async function refuseUnmatched(journal: Messages, unmatched: Read): Promise<void> {
  const { body, items, hasMore } = await journal.read(unmatched);
  if (items === 0) return;
  const list = JSON.parse(`[${asBuffer(body)}]`) as Stray[];
  const head = items === 1 && !hasMore ? 'A message came' : `${hasMore ? 'More than ' : ''}${items} messages came`;
  throw new ProblemError('unmatched', `${head} that no rule matched: ${list.map(words).join(', ')}.`, {
    extra: { unmatched: list },
  });
}

type Stray = { seq: number; size: number; text?: string };

/** What a test report shows of it. */
function words({ seq, size, text }: Stray): string {
  if (text === undefined) return `seq ${seq} (${size} bytes)`;
  return `seq ${seq} ${JSON.stringify(text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}…` : text)}`;
}

function unmatchedRead(scope: ReadScope, after: string | null): Read {
  const filter = { kinds: 1 << KIND_MESSAGE, direction: 'in', unmatched: true } as const;
  const bounds = { before: null, order: 'asc', limit: SHOWN, maxBytes: SHOWN_BYTES } as const;
  return { scope, after, ...bounds, filter, payload: 'full', format: 'json' };
}
