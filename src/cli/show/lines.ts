/** Records as one line each, for people: time, number, way, peer, payload. */
import { Message, type RecordView } from '../../client/index.ts';
import { paint } from '../session/output.ts';
import { printable, spacedHex } from './printable.ts';

export type LineOptions = {
  /** Payloads as hex digits. */
  hex?: boolean | undefined;
  /** Name of the listener, where messages of several are shown. */
  listener?: string | undefined;
  /** Payload bytes shown at most. */
  most?: number;
};

export function messageLine(message: Message, { hex = false, listener = '', most = Infinity }: LineOptions): string {
  const { at, seq, direction, remote, bytes, size } = message;
  const shown = bytes.subarray(0, most);
  const rest = size > shown.length ? ` … (${size} bytes)` : '';
  return [
    paint('dim', clock(at)),
    paint('cyan', `${listener}#${seq}`),
    paint(direction === 'in' ? 'green' : 'magenta', direction.padEnd(3)),
    `${endpoint(remote)} ${hex ? spacedHex(shown) : printable(shown)}${rest}`,
  ].join(' ');
}

/** Connections, gaps and the like. */
export function recordLine(record: RecordView, options: LineOptions): string {
  if (record.kind === 'message') return messageLine(new Message(record), options);
  const { at, kind, afterSeq } = record;
  const where = `${options.listener ?? ''}${afterSeq === undefined ? '' : `#${afterSeq}+`}`;
  const parts = [clock(at), where, kind, WORDS[kind]?.(record) ?? JSON.stringify(record)];
  return paint('yellow', parts.filter((part) => part !== '').join(' '));
}

const WORDS: Partial<Record<RecordView['kind'], (record: RecordView) => string>> = {
  gap: ({ dropped = 0, reason }) => `${dropped} ${dropped === 1 ? 'message' : 'messages'} missing: ${reason}`,
  connection: ({ connectionId, phase, remote, reason, mode, detail }) => {
    const why = reason === undefined ? '' : ` (${[reason, mode, detail].filter(Boolean).join(', ')})`;
    return [connectionId, phase, remote ? endpoint(remote) : ''].filter(Boolean).join(' ') + why;
  },
};

/** An address as people write it; one that nobody knows is empty. */
export function endpoint({ address, port }: { address: string; port: number }): string {
  if (address === '') return 'unknown';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `09:30:00.123` of an RFC 3339 time, in UTC as everywhere. */
function clock(at = ''): string {
  return at.slice(11, 23);
}
