/** JSON text as a value whose numbers are written to the last digit: a file compares with what was compared with. */
import { type CreateNodeOptions, type DocumentOptions, type ScalarTag, stringify } from 'yaml';
import { Tokens } from '../json/tokens.ts';
import { WrittenNumber } from './exact.ts';

/** The text must be JSON. Objects are Maps, as in a file that was read; numbers that a double would write otherwise are WrittenNumbers. */
export function exactJson(text: string): unknown {
  let mark = '#';
  while (text.includes(mark)) mark += '#';
  const tokens = new Tokens(text);
  const written: string[] = [];
  while (tokens.next()) written.push(isOther(tokens.written) ? `"${mark}${tokens.written}"` : tokens.written);
  return JSON.parse(written.join(''), (_name, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber))
      return value instanceof Map ? value : new Map(Object.entries(value));
    if (typeof value !== 'string' || !value.startsWith(mark)) return value;
    const source = value.slice(mark.length);
    return new WrittenNumber(Number(source), source);
  });
}

/** YAML, in which WrittenNumbers stand as they are. */
export function exactYaml(value: unknown): string {
  return stringify(value, { customTags: [WRITTEN_NUMBER] } as DocumentOptions & CreateNodeOptions);
}

const WRITTEN_NUMBER: ScalarTag = {
  identify: (value) => value instanceof WrittenNumber,
  default: true,
  tag: 'tag:yaml.org,2002:float',
  resolve: (source) => new WrittenNumber(Number(source), source),
  stringify: ({ value }) => (value as WrittenNumber).source,
};

function isOther(token: string): boolean {
  return /^[-\d]/.test(token) && String(Number(token)) !== token;
}
