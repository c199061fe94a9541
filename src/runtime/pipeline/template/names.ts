/** Names that are filled in from a message, what a rule took out of it, and the clock. */
import { randomInt, randomUUID } from 'node:crypto';
import { asBuffer } from '../../../as-buffer.ts';
import { microsOf, wallClock } from '../../../clock/wall-clock.ts';
import { compactJson } from '../../../json/compact.ts';
import { parsePointer } from '../../../json/pointer.ts';
import { valueAt } from '../../../json/value-at.ts';
import { rfc3339 } from '../../../net/text.ts';
import type { Request } from '../request.ts';
import type { Arguments, TemplateOptions } from './arguments.ts';
import { spend } from './effort.ts';
import { ArgumentError, type Expression, integerOf, type Value } from './expression.ts';
import { TemplateFault } from './template-error.ts';

type Fill = (request: Request) => Value;

const TEXTS: Readonly<Record<string, Fill>> = {
  text: (request) => request.payload,
  hex: (request) => encoded(request, 'hex'),
  base64: (request) => encoded(request, 'base64'),
  'remote.address': (request) => request.remoteAddress,
  thread: (request) => request.context.thread,
  listener: (request) => request.context.listener,
  connection: (request) => request.connectionId,
  uuid: () => randomUUID(),
};
const NUMBERS: Readonly<Record<string, Fill>> = {
  size: (request) => request.payload.length,
  n: (request) => request.n,
  'remote.port': (request) => request.remotePort,
  'local.port': (request) => request.context.localPort,
};
/** Names that have arguments of their own. */
const WITH_ARGUMENTS: Readonly<Record<string, (words: Arguments) => Expression>> = { random, json, bytes, now };

const OF_MESSAGES: ReadonlySet<string> = new Set(['text', 'hex', 'base64', 'size', 'json', 'bytes']);

/** Whether a name is a part of the message that is answered. */
export function isOfMessage(name: string): boolean {
  return OF_MESSAGES.has(name) || /^(field|match)\./.test(name);
}

export const VALUE_NAMES = [TEXTS, NUMBERS, WITH_ARGUMENTS].flatMap(Object.keys);

/** The expression of a name whose word has been taken; undefined when there is no such name. */
export function namedValue(name: string, words: Arguments): Expression | undefined {
  if (Object.hasOwn(WITH_ARGUMENTS, name)) return WITH_ARGUMENTS[name]!(words);
  if (Object.hasOwn(TEXTS, name)) return { name, kind: 'text', value: TEXTS[name]! };
  if (Object.hasOwn(NUMBERS, name)) return { name, kind: 'number', value: NUMBERS[name]! };
  return ruleValue(name, words.options);
}

/** `field.NAME`, `match.1`, `match.NAME`, `state`: where a rule decides. */
function ruleValue(name: string, { fields, captures, hasState }: TemplateOptions): Expression | undefined {
  if (name === 'state' && hasState) return { name, kind: 'text', value: (request) => request.state };
  const [, kind, member = ''] = /^(field|match)\.(\w+)$/.exec(name) ?? [];
  if (kind === 'field') return fieldValue(name, member, fields);
  if (kind !== 'match' || captures === null) return undefined;
  if (!/^\d+$/.test(member)) {
    if (!captures.names.has(member)) return undefined;
    return { name, kind: 'text', value: (request) => request.captures?.named.get(member) ?? NOTHING };
  }
  const group = Number(member);
  if (String(group) !== member || group < 1 || group > captures.groups) return undefined;
  return { name, kind: 'text', value: (request) => request.captures?.groups[group - 1] ?? NOTHING };
}

const NOTHING = new Uint8Array(0);

function fieldValue(name: string, member: string, fields: TemplateOptions['fields']): Expression | undefined {
  const field = fields.get(member);
  if (field === undefined) return undefined;
  const { as } = field.definition;
  const raw = (request: Request) => field.bytes(request) ?? missing(name);
  if (as === 'ascii' || as === 'bytes') return { name, kind: 'text', value: raw };
  const value = (request: Request) => field.value(request) ?? missing(name);
  // Digits of four bits each read as a number of any length.
  return { name, kind: 'number', value, raw };
}

function missing(name: string): never {
  throw new TemplateFault(`${name}: the message ends before it`);
}

function encoded({ payload }: Request, encoding: 'hex' | 'base64'): string {
  spend(payload.length);
  return asBuffer(payload).toString(encoding);
}

/** `random 1 6`: a whole number, both ends included. */
function random(words: Arguments): Expression {
  const [low, high] = [words.number('random'), words.number('random')];
  if (low > high || high - low >= 2 ** 48 - 1)
    throw new ArgumentError('random needs its lower end first, and less than 2^48 between');
  return { name: 'random', kind: 'number', value: () => randomInt(low, high + 1) };
}

/**
 * `json /a/b`: what an RFC 6901 pointer finds in the payload: text for a string, anything else as it is written there;
 * nothing when it is not JSON or not there.
 */
function json(words: Arguments): Expression {
  const path = pathOf(words);
  const value = (request: Request) => {
    const text = jsonTextAt(request, path);
    return text === undefined ? '' : filledValue(text, words.options.form);
  };
  return { name: 'json', kind: 'text', value };
}

/** A value of the payload as it is written there, for where it stands as a value again. */
export function jsonValue(words: Arguments): (request: Request) => Uint8Array {
  const path = pathOf(words);
  return (request) => {
    const text = jsonTextAt(request, path);
    if (text === undefined) throw new TemplateFault(`json: the message has no ${`/${path.join('/')}`}`);
    return Buffer.from(compactJson(text));
  };
}

function pathOf(words: Arguments): string[] {
  const pointer = words.word('json');
  if (!/^(\/([^~]|~[01])*)?$/.test(pointer)) throw new ArgumentError(`${pointer} is no JSON pointer, as in json /id`);
  return parsePointer(pointer);
}

/** A look through JSON takes so many times what copying it does. */
const JSON_WORK = 4;

function jsonTextAt({ payload }: Request, path: readonly string[]): string | undefined {
  spend(JSON_WORK * payload.length);
  const found = valueAt(payload, path);
  return found?.exists === true ? found.text : undefined;
}

/** A string of half characters, which no UTF-8 can hold, keeps its escapes; inside JSON it gets them back. */
function filledValue(text: string, form: TemplateOptions['form']): string {
  if (!text.startsWith('"')) return compactJson(text);
  const value: string = JSON.parse(text);
  return form === 'json' || value.isWellFormed() ? value : text.slice(1, -1);
}

/** `bytes FROM`, `bytes FROM TO`, `bytes FROM +LENGTH`: a part of the payload; negative from its end. */
function bytes(words: Arguments): Expression {
  const from = words.integer('bytes');
  const to = endOf(words);
  const value = ({ payload }: Request, request: Request) => {
    const size = BigInt(payload.length);
    const start = fromEnd(from(request), size);
    const end = to(request, start, size);
    if (start < 0n || end < start || end > size)
      throw new TemplateFault(`bytes: the message has ${size}, which is not up to ${end} from ${start} on`);
    return payload.subarray(Number(start), Number(end));
  };
  return { name: 'bytes', kind: 'text', value: (request) => value(request, request) };
}

type End = (request: Request, start: bigint, size: bigint) => bigint;

/** A word that can be no end stays where it is: it belongs to what `bytes` is an argument of. */
function endOf(words: Arguments): End {
  const next = words.peek();
  if (next === undefined) return (_request, _start, size) => size;
  if (next.startsWith('+')) {
    const length = lengthOf(words);
    return (request, start) => {
      const wanted = length(request);
      if (wanted < 0n) throw new TemplateFault(`bytes: a length of ${wanted}`);
      return start + wanted;
    };
  }
  if (!/^(-?\d+|0x.*|size|(field|match)\..*)$/i.test(next)) return (_request, _start, size) => size;
  const to = words.integer('bytes');
  return (request, _start, size) => fromEnd(to(request), size);
}

/** `+4` and `+field.length`. */
function lengthOf(words: Arguments): (request: Request) => bigint {
  const word = words.word('bytes').slice(1);
  if (/^\d{1,20}$/.test(word)) {
    const length = BigInt(word);
    return () => length;
  }
  const named = NUMBERS[word] === undefined ? ruleValue(word, words.options) : namedValue(word, words);
  if (named === undefined) throw new ArgumentError(`bytes needs a length behind +, not ${word}`);
  return integerOf(named);
}

function fromEnd(at: bigint, size: bigint): bigint {
  return at < 0n ? size + at : at;
}

/** Seconds from 1900, where NTP and RFC 868 count from, to 1970. */
const SINCE_1900 = 2_208_988_800n;
const CLOCKS: Readonly<Record<string, (micros: bigint) => bigint>> = {
  unix: (micros) => micros / 1_000_000n,
  unixms: (micros) => micros / 1000n,
  rfc868: (micros) => micros / 1_000_000n + SINCE_1900,
  // 32 bits of seconds, 32 of their fraction.
  ntp: (micros) => ((micros / 1_000_000n + SINCE_1900) << 32n) | (((micros % 1_000_000n) << 32n) / 1_000_000n),
};

/** `now`: RFC 3339. `now unix`, `unixms`, `ntp`, `rfc868`: a number. */
function now(words: Arguments): Expression {
  const format = words.peek();
  if (format === undefined || !Object.hasOwn(CLOCKS, format)) {
    return { name: 'now', kind: 'text', value: () => rfc3339(microsOf(wallClock())) };
  }
  const clock = CLOCKS[words.word('now')]!;
  return { name: `now ${format}`, kind: 'number', value: () => clock(BigInt(microsOf(wallClock()))) };
}
