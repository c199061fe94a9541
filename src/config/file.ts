/** Reading a configuration file. Whatever is wrong with it is one line that names the file's line and the reason. */
import { readFileSync } from 'node:fs';
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
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      `${path} can't be read: ${code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : code}`,
    );
  }
}
