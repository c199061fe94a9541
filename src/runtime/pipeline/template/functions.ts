/** Names that make something of the value of another place. */
import { crc32 } from 'node:zlib';
import { upperCase } from '../../../upper-case.ts';
import type { Arguments } from './arguments.ts';
import { LARGEST_OUTPUT, spend } from './effort.ts';
import { ArgumentError, bytesOf, type Expression } from './expression.ts';
import { integerWriter } from './integers.ts';
import { TemplateFault } from './template-error.ts';

const FUNCTIONS: Readonly<Record<string, (words: Arguments) => Expression>> = {
  upper,
  crc32: crc32Text,
  add,
  len,
  repeat,
};

export const FUNCTION_NAMES = Object.keys(FUNCTIONS);

/** The expression of a name whose word has been taken; undefined when there is no such name. */
export function functionOf(name: string, words: Arguments): Expression | undefined {
  if (Object.hasOwn(FUNCTIONS, name)) return FUNCTIONS[name]!(words);
  const writer = /^u(?:8|(?:16|24|32|64)(?:be|le))$/.test(name) ? integerWriter(name) : undefined;
  if (writer === undefined) return undefined;
  const integer = words.integer(name);
  return { name, kind: 'binary', value: (request) => writer.write(integer(request)) };
}

/** An argument as bytes. */
function argument(of: string, words: Arguments) {
  const expression = words.expression(of);
  const read = bytesOf(expression, words.options.form);
  const isBinary = expression.kind === 'binary' || (words.options.form === 'hex' && expression.kind === 'number');
  return { kind: isBinary ? ('binary' as const) : ('text' as const), read };
}

function upper(words: Arguments): Expression {
  const { kind, read } = argument('upper', words);
  const value: Expression['value'] = (request) => {
    const bytes = read(request);
    spend(bytes.length);
    return upperCase(bytes);
  };
  return { name: 'upper', kind, value };
}

function crc32Text(words: Arguments): Expression {
  const { read } = argument('crc32', words);
  const value: Expression['value'] = (request) => {
    const bytes = read(request);
    spend(bytes.length);
    return crc32(bytes).toString(16).padStart(8, '0');
  };
  return { name: 'crc32', kind: 'text', value };
}

function add(words: Arguments): Expression {
  const [x, y] = [words.integer('add'), words.integer('add')];
  return { name: 'add', kind: 'number', value: (request) => x(request) + y(request) };
}

function len(words: Arguments): Expression {
  const { read } = argument('len', words);
  return { name: 'len', kind: 'number', value: (request) => read(request).length };
}

/** `repeat N X`: X so many times. */
function repeat(words: Arguments): Expression {
  const times = words.integer('repeat');
  if (words.isEmpty) throw new ArgumentError('repeat needs what is repeated, as in repeat 3 text');
  const { kind, read } = argument('repeat', words);
  const value: Expression['value'] = (request) => {
    const [count, bytes] = [times(request), read(request)];
    const length = count * BigInt(bytes.length);
    if (count < 0n) throw new TemplateFault(`repeat: ${count} times`);
    if (length > LARGEST_OUTPUT) throw new TemplateFault(`repeat: ${length} bytes are more than ${LARGEST_OUTPUT}`);
    spend(Number(length));
    return length === 0n ? new Uint8Array(0) : Buffer.alloc(Number(length), bytes);
  };
  return { name: 'repeat', kind, value };
}
