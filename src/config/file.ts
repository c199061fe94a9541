/** Reading a configuration file. Whatever is wrong with it is one line that names the file's line and the reason. */
import { readFileSync } from 'node:fs';
import { ProblemError } from '../errors.ts';
import { buildValidator, formatErrors } from '../http/validation.ts';
import { illFormedAt } from '../json/ill-formed.ts';
import { fillSpec } from '../listeners/spec.ts';
import type { ListenerSpec } from '../schemas/listener.ts';
import { HALF_CHARACTER } from '../schemas/payload.ts';
import { jsonMembers } from '../schemas/responder-json.ts';
import { ConfigError } from './config.ts';
import { exactAt, jsonTextOf } from './exact.ts';
import { configurationSchema } from './schema.ts';
import { parseYaml } from './yaml.ts';

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

/** Throws ConfigError. */
export function parseConfiguration(path: string, text: string): ConfigurationFile {
  const { value, exact, lineOf } = parseYaml(path, text);
  const location: SourceLocation = (pointer) => `${path}:${lineOf(pointer)}: ${pointer === '' ? 'the file' : pointer}`;
  const content = (value ?? {}) as { settings?: Record<string, unknown>; listeners?: NamedSpec[] };
  checkSchema(content, location);
  checkText(content, location);
  const { settings = {}, listeners = [] } = content;
  keepJsonText(exact, listeners, location);
  checkListeners(listeners, location);
  return { path, settings, listeners };
}

type SourceLocation = (pointer: string) => string;

function read(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      `${path} can't be read: ${code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : code}`,
    );
  }
}

function checkSchema(content: unknown, location: SourceLocation): void {
  const validate = buildValidator({}, {})({ httpPart: 'body', schema: configurationSchema() } as never) as Validate;
  if (validate(content)) return;
  throw located(formatErrors(validate.errors as never, 'body'), location, '');
}

/** Text that could not be stored or sent as it is. */
function checkText(content: unknown, location: SourceLocation): void {
  const pointer = illFormedAt(content);
  if (pointer !== undefined) throw new ConfigError(`${location(pointer)} ${HALF_CHARACTER}`);
}

/** JSON leaves, and compares, as it is written in the file. */
function keepJsonText(exact: unknown, listeners: NamedSpec[], location: SourceLocation): void {
  for (const [i, { responder }] of listeners.entries()) {
    if (responder === undefined) continue;
    for (const { holder, name, textName, path: inside } of [...jsonMembers(responder)]) {
      if (holder[name] === undefined) continue;
      const path = ['listeners', i, 'responder', ...inside, name];
      try {
        holder[textName] = jsonTextOf(exactAt(exact, path));
        delete holder[name];
      } catch (error) {
        throw new ConfigError(`${location(`/${path.join('/')}`)} ${(error as Error).message}`);
      }
    }
  }
}

type Validate = { (content: unknown): boolean; errors?: unknown };

/** The rules beyond the schema: those of a create, and that names are used once. */
function checkListeners(listeners: NamedSpec[], location: SourceLocation): void {
  const names = new Set<string>();
  for (const [i, spec] of listeners.entries()) {
    const pointer = `/listeners/${i}`;
    if (names.has(spec.name)) throw new ConfigError(`${location(`${pointer}/name`)} ${spec.name} is used twice`);
    names.add(spec.name);
    try {
      fillSpec(spec);
    } catch (error) {
      throw located(error, location, pointer);
    }
  }
}

function located(error: unknown, location: SourceLocation, prefix: string): unknown {
  if (!(error instanceof ProblemError)) return error;
  const first = error.errors?.[0];
  if (first === undefined) return new ConfigError(`${location(prefix)} ${error.message}`);
  return new ConfigError(`${location(prefix + first.pointer)} ${first.detail}`);
}
