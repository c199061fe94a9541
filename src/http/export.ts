/** Exports: whole histories as a stream that reads no faster than the client does. */
import { Readable } from 'node:stream';
import type { Journal, Pull, Pulled } from '../journal/journal.ts';
import type { ExportQuery } from '../schemas/query.ts';
import { messageFilter } from './filters.ts';

/** Items and bytes of one read. */
const READ_ITEMS = 10_000;
const READ_BYTES = 1024 ** 2;

/**
 * The messages of a listener as NDJSON, up to the newest there is now. The first read is done before it returns, so that
 * a wrong query is still an error answer.
 */
export async function exportLines(journal: Journal, listener: number, query: ExportQuery): Promise<Readable> {
  const history = (await journal.histories([listener])).get(listener);
  const request: Pull = {
    scope: { listener },
    after: query.after ?? null,
    before: query.before ?? `${(history?.lastSeq ?? 0) + 1}`,
    order: 'asc',
    limit: READ_ITEMS,
    maxBytes: READ_BYTES,
    filter: messageFilter(query),
    payload: query.payload ?? 'full',
    format: 'ndjson',
  };
  return Readable.from(reads(journal, request, await journal.pull(request)), { objectMode: false });
}

async function* reads(journal: Journal, request: Pull, first: Pulled): AsyncGenerator<Uint8Array> {
  for (let pulled = first; ; pulled = await journal.pull({ ...request, after: pulled.next })) {
    if (pulled.body.length > 0) yield pulled.body;
    if (!pulled.hasMore) return;
  }
}
