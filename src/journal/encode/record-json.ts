/** One record as a JSON object in the shape of the HTTP contract, written straight into bytes. */
import { addressText } from '../../net/address.ts';
import {
  DIRECTION_IN,
  type Extras,
  KIND_CONNECTION,
  KIND_DROP,
  KIND_GAP,
  KIND_MESSAGE,
  KINDS,
  PHASES,
} from '../../records/chunk.ts';
import type { PayloadMode } from '../../schemas/reads.ts';
import type { JournalListener } from '../journal.ts';
import type { HistoryReader } from '../log/history-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { type ListenerText, textOf } from './listener-text.ts';
import { writeBase64, writeHex, writeText } from './payload-text.ts';
import { writeTime } from './time-text.ts';

const latin = (text: string) => Buffer.from(text, 'latin1');
const SEQ = latin('{"seq":');
const AFTER_SEQ = latin('{"afterSeq":');
const ELAPSED = latin('","elapsedNs":');
const REMOTE = latin(',"remote":');
const SIZE = latin(',"size":');
const TEXT = latin(',"text":');
const BASE64 = latin(',"base64":');
const HEX = latin(',"hex":');
const WHOLE = latin(',"truncated":false');
const TRUNCATED = latin(',"truncated":true');
const IN_REPLY_TO = latin(',"inReplyTo":');
const END = 0x7d;

/** Writes the current record of the reader. */
export function writeRecord(
  writer: ByteWriter,
  reader: HistoryReader,
  listener: JournalListener,
  payload: PayloadMode,
): void {
  const text = textOf(listener);
  const { kind } = reader;
  if (kind === KIND_MESSAGE || kind === KIND_DROP) writeMessage(writer, reader, text, payload);
  else writeEvent(writer, reader, text);
  writer.byte(END);
}

/** A message, or a drop, which is one without a seq. */
function writeMessage(writer: ByteWriter, reader: HistoryReader, text: ListenerText, mode: PayloadMode): void {
  const isMessage = reader.kind === KIND_MESSAGE;
  const extras = reader.hasExtras ? reader.extras : undefined;
  writer.bytes(isMessage ? SEQ : AFTER_SEQ);
  writer.integer(reader.major);
  if (reader.direction === DIRECTION_IN) writer.bytes(isMessage ? text.messageIn : text.dropIn);
  else writer.bytes(isMessage ? text.messageOut : text.dropOut);
  writeMoment(writer, reader);
  writeRemote(writer, reader);
  if (extras?.local === undefined) writer.bytes(text.local);
  else writeMember(writer, 'local', endpoint(extras.local, text.listener.local.port));
  writeOrigin(writer, reader, text);
  writer.bytes(SIZE);
  writer.integer(reader.size);
  writePayload(writer, reader.payload, mode);
  writer.bytes(reader.truncated ? TRUNCATED : WHOLE);
  writeAnswer(writer, reader);
  if (reader.isPartial) writer.latin1(',"partial":true');
  if (reader.isUnmatched) writer.latin1(',"unmatched":true');
  if (reader.leg !== undefined) writer.latin1(`,"leg":"${reader.leg}"`);
  if (extras !== undefined) writeExtras(writer, extras);
}

function writePayload(writer: ByteWriter, payload: Uint8Array, mode: PayloadMode): void {
  if (mode === 'none') return;
  if (mode === 'hex') {
    writer.bytes(HEX);
    writeHex(writer, payload);
    return;
  }
  const asText = mode !== 'base64' && writeText(writer, TEXT, payload);
  if (asText && mode === 'text') return;
  writer.bytes(BASE64);
  writeBase64(writer, payload);
}

function writeAnswer(writer: ByteWriter, reader: HistoryReader): void {
  if (!reader.hasReference || reader.kind !== KIND_MESSAGE) return;
  writer.bytes(IN_REPLY_TO);
  writer.integer(reader.major - reader.reference);
}

function writeExtras(writer: ByteWriter, { sendId, rule, draw, fault }: Extras): void {
  if (sendId !== undefined) writeMember(writer, 'sendId', sendId);
  if (rule !== undefined) writeMember(writer, 'rule', rule);
  if (draw !== undefined) writeMember(writer, 'draw', parsed(draw));
  if (fault !== undefined) writeMember(writer, 'fault', parsed(fault));
}

/** Any other record: what happened to a connection, the listener or the reading itself. */
function writeEvent(writer: ByteWriter, reader: HistoryReader, text: ListenerText): void {
  const { kind } = reader;
  writer.bytes(AFTER_SEQ);
  writer.integer(reader.major);
  writer.latin1(`,"listenerId":"${text.listener.id}","kind":"${KINDS[kind]}"`);
  if (kind === KIND_CONNECTION) writePhase(writer, reader);
  if (kind === KIND_GAP) writeGap(writer, reader);
  writer.latin1(',"at":"');
  writeMoment(writer, reader);
  if (kind === KIND_CONNECTION) writeRemote(writer, reader);
  writeOrigin(writer, reader, text);
  if (reader.hasExtras) writeDetail(writer, reader.extras);
}

/** What happened to a connection and, where that is told, who closed it and how. */
function writePhase(writer: ByteWriter, { direction, closeReason, isReset, leg }: HistoryReader): void {
  writer.latin1(`,"phase":"${PHASES[direction]}"`);
  if (closeReason !== undefined) writer.latin1(`,"reason":"${closeReason}","mode":"${isReset ? 'rst' : 'fin'}"`);
  if (leg !== undefined) writer.latin1(`,"leg":"${leg}"`);
}

/** One that stands for damaged messages says which they were. */
function writeGap(writer: ByteWriter, { reason, reference, major }: HistoryReader): void {
  writer.latin1(`,"reason":"${reason}","dropped":${reference}`);
  if (reason === 'damaged' && reference > 0) writer.latin1(`,"fromSeq":${major + 1},"toSeq":${major + reference}`);
}

/** The detail of an event is JSON; the members of an object become members of the record. */
function writeDetail(writer: ByteWriter, { text }: Extras): void {
  if (text === undefined) return;
  const detail = parsed(text);
  const members = typeof detail === 'object' && detail !== null && !Array.isArray(detail) ? detail : { detail };
  for (const [name, value] of Object.entries(members)) writeMember(writer, name, value);
}

function writeMoment(writer: ByteWriter, reader: HistoryReader): void {
  writeTime(writer, reader.micros);
  writer.bytes(ELAPSED);
  writer.integer(Math.max(0, Math.round(reader.elapsed)));
}

function writeOrigin(writer: ByteWriter, reader: HistoryReader, text: ListenerText): void {
  const { connection } = reader;
  if (connection !== undefined) writer.bytes(text.connection(connection));
  writer.bytes(text.thread(reader.thread));
}

/** The peer of the record before, as most often it is the same one. */
const last = { key: new Uint8Array(18), json: Buffer.from('null') };

function writeRemote(writer: ByteWriter, reader: HistoryReader): void {
  writer.bytes(REMOTE);
  if (!reader.hasRemote) writer.latin1('null');
  else {
    if (!isLastRemote(reader)) rememberRemote(reader);
    writer.bytes(last.json);
  }
}

function isLastRemote({ bytes, remoteOffset, remotePort }: HistoryReader): boolean {
  const { key } = last;
  if (key[16] !== remotePort >>> 8 || key[17] !== (remotePort & 0xff)) return false;
  for (let i = 0; i < 16; i++) if (key[i] !== bytes[remoteOffset + i]) return false;
  return true;
}

function rememberRemote({ bytes, remoteOffset, remotePort }: HistoryReader): void {
  last.key.set(bytes.subarray(remoteOffset, remoteOffset + 16));
  last.key[16] = remotePort >>> 8;
  last.key[17] = remotePort & 0xff;
  last.json = Buffer.from(`{"address":"${addressText(bytes, remoteOffset)}","port":${remotePort}}`);
}

function writeMember(writer: ByteWriter, name: string, value: unknown): void {
  writer.bytes(Buffer.from(`,${JSON.stringify(name)}:${JSON.stringify(value)}`));
}

/** `address:port`, `[address]:port` or an address alone, which has the listener's port. */
function endpoint(text: string, port: number): { address: string; port: number } {
  const match = /^\[(.+)\]:(\d+)$|^([^:]+):(\d+)$/.exec(text);
  if (match === null) return { address: text, port };
  return { address: match[1] ?? match[3]!, port: Number(match[2] ?? match[4]) };
}

/** JSON where the text is that, else the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
