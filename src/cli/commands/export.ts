/** `listenpost export`: the messages of a listener as a file, for other programs and for Wireshark. */
import { open } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type Listener, UnreachableError } from '../../client/index.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { addFilters, type FilterFlags, filterOf } from '../options/filters.ts';
import { UsageError } from '../session/failure.ts';
import { inSession, type Session } from '../session/session.ts';
import { Progress } from '../show/progress.ts';
import { bytes, count } from '../show/quantity.ts';

type Format = 'ndjson' | 'pcapng';
type Flags = FilterFlags & { format?: Format; output?: string; after?: string };

const NEWLINE = 0x0a;

export function addExport(program: Command): void {
  const command = program
    .command('export')
    .description('write the messages of a listener to a file, any number of them')
    .argument('<listener>', 'listener by id or name')
    .addOption(
      new Option('--format <format>', 'default: as the name of the file ends, else ndjson').choices([
        'ndjson',
        'pcapng',
      ]),
    )
    .option('-o, --output <file>', 'file instead of standard output')
    .option('--after <cursor>', 'only what comes after: start, now, or a seq (default: start)');
  addExamples(addCommon(addFilters(command)), [
    ['listenpost export dns -o dns.pcapng', 'a capture that Wireshark opens'],
    ['listenpost export statsd --direction in | jq -r .text', 'payloads alone'],
  ]).action(inSession(save));
}

async function save(session: Session, ref: string, flags: Flags): Promise<void> {
  const format = flags.format ?? (flags.output?.endsWith('.pcapng') ? 'pcapng' : 'ndjson');
  if (format === 'pcapng' && flags.output === undefined && session.output.isTerminal) {
    throw new UsageError('pcapng is nothing for a terminal: give a file with -o');
  }
  const { http, output, signal } = session;
  const listener = await session.service.listener(ref);
  const after = flags.after === undefined ? undefined : await listener.placeOf(flags.after);
  const path = `/v1/listeners/${listener.id}/messages.${format}`;
  const response = await http.stream(path, {
    query: { ...filterOf(flags), after },
    headers: { accept: '*/*' },
    signal,
  });
  const sink = await sinkOf(session, flags.output);
  const summary = await pour(response.body!, sink, pouring(session, listener, format));
  output.say(`exported ${summary}${flags.output === undefined ? '' : ` to ${flags.output}`}`);
}

/** Where the bytes go. */
type Sink = (piece: Uint8Array) => Promise<unknown>;

async function sinkOf({ output, atEnd }: Session, path: string | undefined): Promise<Sink> {
  if (path === undefined) return (piece) => output.write(piece);
  const file = await open(path, 'w');
  atEnd(() => file.close());
  return (piece) => file.writeFile(piece);
}

/** Writes the whole body; what it was, in words. */
async function pour(body: AsyncIterable<Uint8Array>, sink: Sink, { progress, total }: Pouring): Promise<string> {
  let size = 0;
  let lines = 0;
  const summary = () => `${total === undefined ? '' : `${count(lines, 'record')}, `}${bytes(size)}`;
  for await (const piece of whole(body)) {
    await sink(piece);
    size += piece.length;
    if (total !== undefined) lines += linesIn(piece);
    progress.update(total && lines / total, summary());
  }
  progress.end();
  return summary();
}

/** `total`: records there are at most, where records are lines. */
type Pouring = { progress: Progress; total: number | undefined };

function pouring({ output, atEnd }: Session, { view }: Listener, format: Format): Pouring {
  const progress = new Progress(output.showsProgress ? process.stderr : undefined);
  atEnd(async () => progress.end());
  const { firstSeq, lastSeq } = view.stats;
  return { progress, total: format === 'ndjson' ? lastSeq - firstSeq + 1 : undefined };
}

/** A body that breaks off is a failure of the service, not of ours. */
async function* whole(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw new UnreachableError(`the export broke off: ${(cause as Error).message}`, { cause });
  }
}

function linesIn(piece: Uint8Array): number {
  let lines = 0;
  for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}
