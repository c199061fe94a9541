/** Exports: whole histories as a stream that reads no faster than the client does. */
import { Readable } from 'node:stream';
import type { Messages } from '../../domain.ts';
import { PCAPNG_KINDS } from '../../pcap/pcapng-writer.ts';
import type { RecordKind } from '../../records/chunk.ts';
import type { ExportQuery } from '../../schemas/query.ts';
import type { Read, ReadResult } from '../../schemas/reads.ts';
import { messageFilter } from './filters.ts';

/** Items and bytes of one read. */
const READ_ITEMS = 10_000;
const READ_BYTES = 1024 ** 2;

/** The request for one. A HEAD reads a first part, to know that it could be had, and gives out nothing. */
type Asked = { query: ExportQuery; method: string };

let exportsBegun = 0;

/**
 * The messages of a listener as NDJSON, up to the newest there is now. The first read is done before it returns, so that
 * a wrong query is still an error answer.
 */
export async function exportLines(journal: Messages, listener: number, asked: Asked): Promise<Readable> {
  const request = await exportRead(journal, listener, asked, ['message']);
  return Readable.from(reads(journal, request, await journal.read(request)), { objectMode: false });
}

/** The same as a pcapng capture, with connections and gaps unless the query says which kinds. */
export async function exportCapture(journal: Messages, listener: number, asked: Asked): Promise<Readable> {
  const id = ++exportsBegun;
  const request = await exportRead(journal, listener, asked, PCAPNG_KINDS);
  const capture: Read = { ...request, format: 'pcapng', export: { id, begins: true } };
  const first = await journal.read(capture);
  const rest: Read = { ...capture, export: { id, begins: false } };
  const stream = Readable.from(reads(journal, rest, first), { objectMode: false });
  stream.once('close', () => journal.endExport(id).catch(() => {}));
  return stream;
}

async function exportRead(
  journal: Messages,
  listener: number,
  { query, method }: Asked,
  kinds: readonly RecordKind[],
): Promise<Read> {
  const history = (await journal.histories([listener])).get(listener);
  return {
    peek: method === 'HEAD',
    scope: { listener },
    after: query.after ?? null,
    before: query.before ?? `${(history?.lastSeq ?? 0) + 1}`,
    order: 'asc',
    limit: READ_ITEMS,
    maxBytes: READ_BYTES,
    filter: messageFilter(query, kinds),
    payload: query.payload ?? 'full',
    format: 'ndjson',
  };
}

async function* reads(journal: Messages, request: Read, first: ReadResult): AsyncGenerator<Uint8Array> {
  for (let result = first; ; result = await journal.read({ ...request, after: result.next })) {
    if (result.body.length > 0) yield result.body;
    if (!result.hasMore || request.peek) return;
  }
}
