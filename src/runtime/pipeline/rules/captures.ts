/** What a rule takes out of a message: the groups of its patterns. */
import { regexSource } from '../../../matching/compile.ts';
import { type Captures, compileCaptures } from '../../../matching/regex.ts';
import { MatchError } from '../../../matching/test.ts';
import type { Match } from '../../../schemas/match.ts';

export type CaptureReader = {
  /** Groups of the pattern that has most: which one matches first is up to the message. */
  readonly groups: number;
  /** Names of the groups of all of them. */
  readonly names: ReadonlySet<string>;
  read(payload: Uint8Array): Captures;
};

/** Null where there are no groups. Throws MatchError for a name that is there twice. */
export function captureReader(match: Match): CaptureReader | null {
  const patterns = patternsOf(match, '').map(({ source, view, pointer }) => ({
    pattern: compiled(source, view, pointer),
    pointer,
  }));
  const names = new Set<string>();
  for (const { pattern, pointer } of patterns) {
    for (const name of pattern.names) {
      if (names.has(name)) throw new MatchError(pointer, `there are two groups ${name}`);
      names.add(name);
    }
  }
  const groups = Math.max(0, ...patterns.map(({ pattern }) => pattern.groups));
  if (groups === 0) return null;
  return {
    groups,
    names,
    read(payload) {
      const found = patterns.map(({ pattern }) => pattern.read(payload));
      const first = found.find(({ groups }) => groups.length > 0);
      return { groups: first?.groups ?? [], named: new Map(found.flatMap(({ named }) => [...named])) };
    },
  };
}

type Pattern = { source: string; view: 'text' | 'bytes'; pointer: string };

/** Those that a message must match, and those of which it must match one; none of what it must not. */
function patternsOf(match: Match, pointer: string): Pattern[] {
  const { text, hex, all = [], any = [] } = match;
  const own: Pattern[] = [];
  if (text?.regex !== undefined)
    own.push({ source: regexSource(text), view: 'text', pointer: `${pointer}/text/regex` });
  if (hex?.regex !== undefined) own.push({ source: hex.regex, view: 'bytes', pointer: `${pointer}/hex/regex` });
  return [
    ...own,
    ...all.flatMap((each, i) => patternsOf(each, `${pointer}/all/${i}`)),
    ...any.flatMap((each, i) => patternsOf(each, `${pointer}/any/${i}`)),
  ];
}

function compiled(source: string, view: Pattern['view'], pointer: string) {
  try {
    return compileCaptures(source, view);
  } catch (error) {
    throw new MatchError(pointer, (error as Error).message);
  }
}
