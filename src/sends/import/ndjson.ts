/**
 * Reads NDJSON as our export writes it: a message a line. Lines of other kinds (gaps, connections) are passed over. By
 * hand one line may be as little as `{"text": "hello"}`: without `at` a message comes together with the one before.
 */
import { compactJson } from '../../json/compact.ts';
import { locate } from '../../json/locate.ts';
import { parseJson, TooDeepError } from '../../json/parse.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { ImportError, type Imported, type ImportItem } from '../../pcap/import-item.ts';
import { parseInstant } from '../../pcap/timestamp.ts';
import { PayloadError, type PayloadInput, payloadBytes } from '../../schemas/payload.ts';

type Line = { offset: number; number: number; text: string };
type Fields = Record<string, unknown>;

const LF = 0x0a;
const decoder = new TextDecoder('utf-8', { fatal: true });
const FORMS = ['base64', 'hex', 'text', 'json'] as const;

/** Throws ImportError, which names the line. */
export function readNdjson(file: Uint8Array): Imported {
  const items: ImportItem[] = [];
  const passedOver = { snapped: 0, foreign: 0, fragments: 0, linkTypes: new Map<number, number>() };
  const end = wholeLines(file);
  for (const line of lines(file.subarray(0, end))) {
    const fields = parse(line);
    if ((fields.kind ?? 'message') === 'message') items.push(item(line, fields, items.at(-1)?.at ?? 0n));
    else passedOver.foreign++;
  }
  return { items, passedOver, cutAt: end === file.length ? null : end };
}

/** Where a last line begins that is an object without its end: the file breaks off in it. Else the end of the file. */
function wholeLines(file: Uint8Array): number {
  const start = file.lastIndexOf(LF) + 1;
  const text = new TextDecoder().decode(file.subarray(start)).trim();
  return start > 0 && text.startsWith('{') && !text.endsWith('}') ? start : file.length;
}

/** The lines that hold anything. */
function* lines(file: Uint8Array): Generator<Line> {
  for (let offset = 0, number = 1; offset < file.length; number++) {
    const found = file.indexOf(LF, offset);
    const end = found === -1 ? file.length : found;
    const text = decode(file.subarray(offset, end), { offset, number });
    if (text !== '') yield { offset, number, text };
    offset = end + 1;
  }
}

function decode(bytes: Uint8Array, line: Omit<Line, 'text'>): string {
  try {
    return decoder.decode(bytes).trim();
  } catch {
    throw wrong(line, 'is not UTF-8');
  }
}

function parse(line: Line): Fields {
  try {
    const value: unknown = parseJson(line.text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  } catch (error) {
    throw wrong(line, error instanceof TooDeepError ? error.message : 'is not JSON');
  }
  throw wrong(line, 'is not a JSON object');
}

function item(line: Line, fields: Fields, before: bigint): ImportItem {
  const direction = directionOf(line, fields.direction);
  const remote = endpoint(fields.remote);
  const local = endpoint(fields.local);
  return {
    at: instantOf(line, fields.at) ?? before,
    direction,
    from: direction === 'out' ? local : remote,
    to: direction === 'out' ? remote : local,
    payload: payloadOf(line, fields),
    truncated: fields.truncated === true,
  };
}

function directionOf(line: Line, value: unknown): ImportItem['direction'] {
  if (value === undefined || value === null) return null;
  if (value === 'in' || value === 'out') return value;
  throw wrong(line, 'direction is neither "in" nor "out"');
}

function instantOf(line: Line, value: unknown): bigint | undefined {
  if (value === undefined) return undefined;
  const at = typeof value === 'string' ? parseInstant(value) : undefined;
  if (at === undefined) throw wrong(line, 'at is not a time as in RFC 3339');
  return at;
}

/** An export may hold a payload twice, as text and as base64: the exact one counts. */
function payloadOf(line: Line, fields: Fields): Uint8Array {
  const form = FORMS.find((name) => fields[name] !== undefined);
  if (form === undefined) {
    if (fields.size === 0) return new Uint8Array(0);
    throw wrong(line, 'has no payload: text, hex, base64 or json (export with payload=full)');
  }
  if (form !== 'json' && typeof fields[form] !== 'string') throw wrong(line, `${form} is not a string`);
  try {
    if (form === 'json') return payloadBytes({ jsonText: compactJson(locate(line.text, [['json']])[0]!) });
    return payloadBytes({ [form]: fields[form] } as PayloadInput);
  } catch (error) {
    if (error instanceof PayloadError) throw wrong(line, `${error.field} ${error.message}`);
    throw error;
  }
}

/** Only for the reader's information, so what has another form is left out. */
function endpoint(value: unknown): Endpoint | null {
  if (typeof value !== 'object' || value === null) return null;
  const { address, port } = value as Fields;
  return typeof address === 'string' && typeof port === 'number' ? { host: address, port } : null;
}

function wrong(line: Omit<Line, 'text'>, detail: string): ImportError {
  return new ImportError(line.offset, `line ${line.number} ${detail}`);
}
