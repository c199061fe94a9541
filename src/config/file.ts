/** Reading a configuration file. Whatever is wrong with it is one line that names the file's line and the reason. */
import { closeSync, openSync, readSync } from 'node:fs';
import { ConfigError } from './config.ts';
import { type ConfigurationProblem, type Content, configurationProblems, type NamedSpec } from './problems.ts';
import { parseYaml } from './yaml.ts';

export type { NamedSpec } from './problems.ts';
export type ConfigurationFile = {
  path: string;
  /** By the names of Config; values as they stand in the file. */
  settings: Record<string, unknown>;
  listeners: NamedSpec[];
};

/** Bytes of a file, and how many are read at a time. */
const MOST_BYTES = 16 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** Throws ConfigError. */
export function readConfigurationFile(path: string): ConfigurationFile {
  return parseConfiguration(path, readText(path));
}

/** Throws ConfigError for the first thing that is wrong. */
export function parseConfiguration(path: string, text: string): ConfigurationFile {
  const yaml = parseYaml(text);
  if (Array.isArray(yaml)) throw new ConfigError(`${path}:${yaml[0]!.line}: ${yaml[0]!.reason}`);
  const { value, exact, lineOf } = yaml;
  const content = (value ?? {}) as Content;
  const first = configurationProblems(content, exact).next();
  if (first.done !== true) throw new ConfigError(`${path}:${lineOf(first.value.pointer)}: ${problemText(first.value)}`);
  const { settings = {}, listeners = [] } = content;
  return { path, settings, listeners };
}

/** What is wrong, and with which part of the file. */
export function problemText({ pointer, message }: ConfigurationProblem): string {
  return `${pointer === '' ? 'the file' : pointer} ${message}`;
}

/** Throws ConfigError. */
export function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readBytes(path));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      `${path} can't be read: ${code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : code}`,
    );
  }
}

/** Reads to the end or the bound: a device or a pipe does not say how long it is. */
function readBytes(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const length = readSync(file, chunk);
      if (length === 0) return Buffer.concat(chunks);
      size += length;
      if (size > MOST_BYTES) throw new ConfigError(`${path} can't be read: it is longer than ${MOST_BYTES >> 20} MiB`);
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}
