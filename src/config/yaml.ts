/**
 * YAML as a plain value, and the lines that its parts stand on. Whatever does not come out as it was meant is an error
 * of one line. YAML 1.2, of which JSON is a part, with the merge keys (`<<: *defaults`) of 1.1.
 */
import { type Alias, type Document, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { parsePointer } from '../json/pointer.ts';
import { plainValue, WrittenNumber } from './exact.ts';

export type Yaml = {
  value: unknown;
  /** The same with nothing lost, see exact.ts. */
  exact: unknown;
  /** The line of a JSON pointer's value, or of the nearest thing around it that is there. */
  lineOf: (pointer: string) => number;
};

export type YamlProblem = { line: number; reason: string };

/** Or what is wrong with it, when something is. */
export function parseYaml(text: string): Yaml | YamlProblem[] {
  const lines = new LineCounter();
  const lineAt = (position: number | undefined) => (position === undefined ? 1 : lines.linePos(position).line);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error', merge: true });
  // What it only warns of, such as a tag it does not know, is not taken as it was meant either.
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    // Where the stack ended says all: what the library tripped over next is no other problem.
    const deep = broken.find(({ message }) => isTooDeep(message));
    return (deep === undefined ? broken : [deep]).map((error) => ({
      line: lineAt(error.pos[0]),
      reason: reasonOf(error),
    }));
  }
  try {
    const exact = exactOf(document);
    return { value: plainValue(exact), exact, lineOf: (pointer) => lineAt(nodeAt(document, pointer)) };
  } catch (error) {
    return [{ line: lineAt(aliasAtFault(document)), reason: reasonOf(error as Error) }];
  }
}

function exactOf(document: Document): unknown {
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'number') node.value = new WrittenNumber(node.value, node.source);
    },
  });
  return document.toJS({ mapAsMap: true });
}

/** The parser of the library, or a pattern of it, had no stack left. */
function isTooDeep(message: string): boolean {
  return /call stack|stack overflow/i.test(message);
}

/** What the library says, or in plainer words what it means. */
function reasonOf({ message, code }: Error & { code?: string }): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; a configuration is one document, without ---';
  if (isTooDeep(message)) return 'it is nested too deeply';
  if (/excessive alias count/i.test(message))
    return 'its aliases multiply beyond reason; write out what they stand for';
  return message.split('\n', 1)[0]!;
}

/** The position of the first alias that stands for nothing, else of the first one. */
function aliasAtFault(document: Document): number | undefined {
  const aliases: Alias[] = [];
  visit(document, { Alias: (_key, alias) => void aliases.push(alias) });
  const lost = aliases.find((alias) => alias.resolve(document) === undefined) ?? aliases[0];
  return lost?.range?.[0];
}

function nodeAt(document: Document, pointer: string): number | undefined {
  const path = parsePointer(pointer);
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth).map(index), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}

function index(token: string): string | number {
  return /^\d+$/.test(token) ? Number(token) : token;
}
