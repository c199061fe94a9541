/** Query parameters into what the journal understands. Each error names its parameter. */
import type { Labels } from '../../domain.ts';
import { invalidParameter } from '../../errors.ts';
import { parseJson, TooDeepError } from '../../json/parse.ts';
import { parsePeer } from '../../matching/peer.ts';
import { KINDS } from '../../records/chunk.ts';
import { connectionNumber } from '../../records/ids.ts';
import { hexDigits } from '../../schemas/payload.ts';
import type { FilterQuery } from '../../schemas/query.ts';
import type { MessageFilter, RemoteFilter } from '../../schemas/reads.ts';
import { parseBytes, parseDuration, whyNotDuration } from '../../schemas/units.ts';

/** The filter in a query string. `kinds` is what is shown when none are named. */
export function messageFilter(query: FilterQuery, kinds: readonly string[] = ['message']): MessageFilter {
  const filter: MessageFilter = { kinds: kindBits(commaList(query.kind) ?? kinds) };
  if (query.direction !== undefined) filter.direction = query.direction;
  if (query.text !== undefined) filter.text = query.text;
  if (query.regex !== undefined) filter.regex = query.regex;
  if (query.thread !== undefined) filter.thread = query.thread;
  if (query.rule !== undefined) filter.rule = query.rule;
  if (query.unmatched !== undefined) filter.unmatched = query.unmatched;
  if (query.remote !== undefined) filter.remote = remoteFilter(query.remote);
  if (query.connection !== undefined) filter.connection = connectionFilter(query.connection);
  if (query.since !== undefined) filter.since = micros('since', query.since);
  if (query.until !== undefined) filter.until = micros('until', query.until);
  if (query.minSize !== undefined) filter.minSize = size('minSize', query.minSize);
  if (query.maxSize !== undefined) filter.maxSize = size('maxSize', query.maxSize);
  if (query.hex !== undefined) filter.hex = hexPattern(query.hex);
  if (query.json !== undefined) filter.json = jsonFilter(query.json);
  return filter;
}

/** `a,b` as ['a', 'b']; undefined when there is none. */
export function commaList(text: string | undefined): string[] | undefined {
  const words = text
    ?.split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return words === undefined || words.length === 0 ? undefined : words;
}

/** `key:value` pairs, split at the first colon. */
export function labelPairs(labels: readonly string[] = []): Labels {
  return labels.map((label) => {
    const colon = label.indexOf(':');
    if (colon < 1) throw invalidParameter('label', `must be key:value, not ${JSON.stringify(label)}`);
    return [label.slice(0, colon), label.slice(colon + 1)] as const;
  });
}

/** Milliseconds of a duration parameter. */
export function duration(name: string, value: string | number): number {
  const milliseconds = parseDuration(value);
  if (milliseconds === undefined) throw invalidParameter(name, whyNotDuration(value));
  return milliseconds;
}

function kindBits(kinds: readonly string[]): number {
  let bits = 0;
  for (const kind of kinds) {
    const where = (KINDS as readonly string[]).indexOf(kind);
    if (where === -1) throw invalidParameter('kind', `must be among ${KINDS.join(', ')}, not ${kind}`);
    bits |= 1 << where;
  }
  return bits;
}

/** address, address:port, [v6]:port, or CIDR. */
function remoteFilter(text: string): RemoteFilter {
  try {
    return parsePeer(text);
  } catch {
    throw invalidParameter('remote', 'must be an address, address:port, [v6]:port or CIDR');
  }
}

function connectionFilter(id: string): number {
  const number = connectionNumber(id);
  if (number === undefined) throw invalidParameter('connection', "must be a connection's id, c_…");
  return number;
}

/** Microseconds since 1970 of an RFC 3339 moment; finer digits are cut. */
function micros(name: string, text: string): number {
  const match = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.exec(text);
  const fraction = match?.[1] ?? '';
  const milliseconds =
    match === null ? Number.NaN : Date.parse(text.replace(fraction, '').replace(' ', 'T').toUpperCase());
  if (Number.isNaN(milliseconds)) throw invalidParameter(name, 'must be a moment such as 2026-03-01T09:30:00Z');
  return milliseconds * 1000 + Number(fraction.slice(1, 7).padEnd(6, '0'));
}

function size(name: string, text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw invalidParameter(name, 'must be a size such as 512 or "64KiB"');
  return bytes;
}

/** Pairs of hex digits or `??`, without what people put between them. */
function hexPattern(text: string): string {
  const plain = hexDigits(text).toLowerCase();
  if (!/^([0-9a-f]{2}|\?\?)+$/.test(plain))
    throw invalidParameter('hex', 'must be pairs of hex digits, or ?? for any byte');
  return plain;
}

/** `/pointer=value`; a value that is no JSON is taken as text. It stays as it is written, so that numbers are exact. */
function jsonFilter(filter: string): { pointer: string; text: string } {
  const equals = filter.indexOf('=');
  const pointer = filter.slice(0, Math.max(0, equals));
  if (equals === -1 || !/^(\/.*)?$/s.test(pointer)) throw invalidParameter('json', 'must be /pointer=value');
  return { pointer, text: jsonOrText(filter.slice(equals + 1)) };
}

function jsonOrText(text: string): string {
  try {
    parseJson(text);
    return text.trim();
  } catch (error) {
    if (error instanceof TooDeepError) throw invalidParameter('json', error.message);
    return JSON.stringify(text);
  }
}
