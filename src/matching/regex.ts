/**
 * Regular expressions over payloads: RE2 syntax, matched in time linear in the payload, so that no pattern and no payload
 * can stall the service. A payload is matched as UTF-8 text where it is that, else as latin1 (one character a byte).
 */
import { isUtf8 } from 'node:buffer';
import { RE2JS, RE2Set } from 're2js';
import { asBuffer } from '../as-buffer.ts';
import type { Test } from './test.ts';

const MAX_LENGTH = 1000;
/**
 * Instructions a pattern may compile to. The worst pattern and payload need 8 ns per instruction and byte: 75 ms for a
 * payload of 64 KiB. Repetitions unfold, so `x{100}` has a hundred.
 */
const MAX_PROGRAM = 150;
/** Bytes for the automaton of one pattern. A larger one takes longer to build than it saves. */
const AUTOMATON_BYTES = 65_536;

/** How a payload becomes the text that a pattern sees. `bytes`: one character a byte, always. */
export type RegexView = 'text' | 'bytes';

/** Whether a payload matches. Throws SyntaxError for what RE2 doesn't take and for patterns that are too large. */
export function compileRegex(source: string, view: RegexView = 'text'): (payload: Uint8Array) => boolean {
  if (source.length > MAX_LENGTH) throw new SyntaxError(`is longer than ${MAX_LENGTH} characters`);
  // A set of one: unlike a lone pattern it lets its memory be bounded.
  const set = new RE2Set(RE2Set.UNANCHORED, 0, AUTOMATON_BYTES);
  let size: number;
  try {
    size = RE2JS.compile(source).programSize();
    set.add(source);
    set.compile();
  } catch (error) {
    throw new SyntaxError((error as Error).message);
  }
  if (size > MAX_PROGRAM) throw new SyntaxError('is too large, use fewer repetitions');
  return (payload) => set.match(textOf(payload, view)).length > 0;
}

/** The groups of a match, as the bytes they were: by number from 1, and by name. A group that took no part is empty. */
export type Captures = { readonly groups: readonly Uint8Array[]; readonly named: ReadonlyMap<string, Uint8Array> };

/** Gives the groups of a pattern that `compileRegex` takes, for a payload that it matches. */
export function compileCaptures(source: string, view: RegexView): CapturePattern {
  const pattern = RE2JS.compile(source);
  const names = Object.entries(pattern.namedGroups());
  return {
    groups: pattern.groupCount(),
    names: names.map(([name]) => name),
    read(payload) {
      const encoding = encodingOf(payload, view);
      const matcher = pattern.matcher(asBuffer(payload).toString(encoding));
      if (!matcher.find()) return { groups: [], named: new Map() };
      const bytes = (group: number) => Buffer.from(matcher.group(group) ?? '', encoding);
      const groups = Array.from({ length: pattern.groupCount() }, (_, i) => bytes(i + 1));
      return { groups, named: new Map(names.map(([name, group]) => [name, groups[group - 1]!])) };
    },
  };
}

export type CapturePattern = {
  readonly groups: number;
  readonly names: readonly string[];
  read(payload: Uint8Array): Captures;
};

/** @param holds what `compileRegex` made of the source */
export function regexTest(source: string, holds: (payload: Uint8Array) => boolean, view: RegexView = 'text'): Test {
  return {
    holds: ({ payload }) => holds(payload),
    miss: () => ({ why: `${view} ${view === 'text' ? 'does' : 'do'} not match /${source}/`, closeness: 0 }),
  };
}

function textOf(payload: Uint8Array, view: RegexView): string {
  return asBuffer(payload).toString(encodingOf(payload, view));
}

function encodingOf(payload: Uint8Array, view: RegexView): 'utf8' | 'latin1' {
  return view === 'text' && isUtf8(payload) ? 'utf8' : 'latin1';
}
