/** Reading a configuration file. Whatever is wrong with it is one line that names the file's line and the reason. */
import { readFileSync } from 'node:fs';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { ConfigError } from '../config.ts';
import { ProblemError } from '../errors.ts';
import { buildValidator, formatErrors } from '../http/validation.ts';
import { fillSpec } from '../listeners/spec.ts';
import type { ListenerSpec } from '../schemas/listener.ts';
import { configurationSchema } from './schema.ts';

export type NamedSpec = ListenerSpec & { name: string };
export type ConfigurationFile = {
  path: string;
  /** By the names of Config; values as they stand in the file. */
  settings: Record<string, unknown>;
  listeners: NamedSpec[];
};

/** Throws ConfigError. */
export function readConfigurationFile(path: string): ConfigurationFile {
  return parseConfiguration(path, read(path));
}

/** Throws ConfigError. YAML 1.2, of which JSON is a part. */
export function parseConfiguration(path: string, text: string): ConfigurationFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place: Place = (pointer) => `${path}:${lineOf(document, lines, pointer)}: ${pointer}`;
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line } = lines.linePos(broken.pos[0]);
    throw new ConfigError(`${path}:${line}: ${broken.message.split('\n', 1)[0]}`);
  }
  const content = (document.toJS() ?? {}) as { settings?: Record<string, unknown>; listeners?: NamedSpec[] };
  checkSchema(content, place);
  const { settings = {}, listeners = [] } = content;
  checkListeners(listeners, place);
  return { path, settings, listeners };
}

type Place = (pointer: string) => string;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path} can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function checkSchema(content: unknown, place: Place): void {
  const validate = buildValidator({}, {})({ httpPart: 'body', schema: configurationSchema() } as never) as Validate;
  if (validate(content)) return;
  throw located(formatErrors(validate.errors as never, 'body'), place, '');
}

type Validate = { (content: unknown): boolean; errors?: unknown };

/** The rules beyond the schema: those of a create, and that names are used once. */
function checkListeners(listeners: NamedSpec[], place: Place): void {
  const names = new Set<string>();
  for (const [i, spec] of listeners.entries()) {
    const pointer = `/listeners/${i}`;
    if (names.has(spec.name)) throw new ConfigError(`${place(`${pointer}/name`)} ${spec.name} is used twice`);
    names.add(spec.name);
    try {
      fillSpec(spec);
    } catch (error) {
      throw located(error, place, pointer);
    }
  }
}

function located(error: unknown, place: Place, prefix: string): unknown {
  if (!(error instanceof ProblemError)) return error;
  const first = error.errors?.[0];
  if (first === undefined) return new ConfigError(`${place(prefix)} ${error.message}`);
  return new ConfigError(`${place(prefix + first.pointer)} ${first.detail}`);
}

/** The line of a JSON pointer's value, or of the nearest thing around it that is there. */
function lineOf(document: Document, lines: LineCounter, pointer: string): number {
  const path = pointer.split('/').slice(1);
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth).map(index), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function index(token: string): string | number {
  return /^\d+$/.test(token) ? Number(token) : token.replaceAll('~1', '/').replaceAll('~0', '~');
}
