/** The comment a packet carries: where it belongs in Listenpost, as `name=value` words that people and grep read. */
import type { ChunkReader, Extras } from '../records/chunk.ts';
import { connectionId, threadName } from '../records/ids.ts';
import type { CaptureInterface } from './capture-interface.ts';

/** What a packet stands for. Handshakes without a record of their own are made up. */
export type PacketRole = 'message' | 'handshake' | 'opened' | 'closed' | 'drop';

const WORDS: Record<PacketRole, string> = {
  message: '',
  handshake: ' (handshake, made up)',
  opened: ' (opened)',
  closed: ' (closed)',
  drop: ' (dropped by a fault)',
};

const NO_EXTRAS: Extras = {};

/** Of the record under the reader. */
export function describe(on: CaptureInterface, reader: ChunkReader, role: PacketRole): string {
  const { connection } = reader;
  let text = `${on.label} thread=${threadName(reader.thread, reader.listener)}`;
  if (connection !== undefined) text += ` connection=${connectionId(connection)}`;
  if (role === 'message') text += ` seq=${reader.seq}`;
  if (role === 'message' || role === 'drop') text += messageWords(reader);
  if (role === 'closed' && reader.closeReason !== undefined) return `${text} (closed: ${reader.closeReason})`;
  return text + WORDS[role];
}

function messageWords(reader: ChunkReader): string {
  const extras = reader.hasExtras ? reader.extras : NO_EXTRAS;
  const { inReplyTo } = reader;
  let text = '';
  if (inReplyTo !== undefined) text += ` inReplyTo=${inReplyTo}`;
  if (extras.rule !== undefined) text += ` rule=${quoted(extras.rule)}`;
  if (extras.draw !== undefined) text += ` draw=${extras.draw}`;
  if (extras.fault !== undefined) text += ` fault=${quoted(extras.fault)}`;
  if (extras.sendId !== undefined) text += ` send=${extras.sendId}`;
  return text;
}

function quoted(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : JSON.stringify(text);
}
