/** Checks a configuration file without a service: everything that is wrong with it, by the lines of the file. */
import { isIP } from 'node:net';
import { ProblemError } from '../errors.ts';
import { pointerToken } from '../json/pointer.ts';
import { PortTable } from '../listeners/sockets/ports.ts';
import { ConfigError, configOf, defaultConfig, withFile } from './config.ts';
import { problemText, readText } from './file.ts';
import {
  byListener,
  type ConfigurationProblem,
  type Content,
  configurationProblems,
  type NamedSpec,
} from './problems.ts';
import { parseYaml } from './yaml.ts';

export type FileProblem = {
  file: string;
  line: number;
  /** Which part of the file it is about; empty for all of it. */
  pointer: string;
  message: string;
};
export type FileCheck = { problems: FileProblem[]; listeners: number };

const PORTS = 65_536;

/** Throws ConfigError for a file that can't be read. */
export function checkConfigurationFile(path: string): FileCheck {
  return checkConfiguration(path, readText(path));
}

export function checkConfiguration(path: string, text: string): FileCheck {
  const yaml = parseYaml(text);
  if (Array.isArray(yaml)) {
    const problems = yaml.map(({ line, reason }) => ({ file: path, line, pointer: '', message: reason }));
    return { problems, listeners: 0 };
  }
  const content = (yaml.value ?? {}) as Content;
  const found = [...configurationProblems(content, yaml.exact)];
  found.push(...comparisons(content, found));
  const problems = found.map((problem) => ({
    file: path,
    line: yaml.lineOf(problem.pointer),
    pointer: problem.pointer,
    message: problemText(problem),
  }));
  return { problems: problems.sort((a, b) => a.line - b.line), listeners: listenersIn(content).length };
}

/** What no schema and no create says: settings as a start reads them, and listeners beside each other. */
function* comparisons(content: Content, found: readonly ConfigurationProblem[]): Generator<ConfigurationProblem> {
  const isRight = (pointer: string) => !found.some((problem) => `${problem.pointer}/`.startsWith(`${pointer}/`));
  const hasSettings = !found.some(({ pointer }) => pointer === '' || pointer === '/settings');
  const settings = Object.entries(content?.settings ?? {});
  const known = settings.filter(([name]) => isRight(`/settings/${pointerToken(name)}`));
  if (hasSettings) yield* settingProblems(Object.fromEntries(known));
  const wrong = byListener(found);
  const right = listenersIn(content).map((spec, i) => [i, spec] as const);
  yield* portProblems(right.filter(([i]) => !wrong.has(i)));
}

function listenersIn(content: Content | null): NamedSpec[] {
  return Array.isArray(content?.listeners) ? content.listeners : [];
}

/** What a start would say of each setting, and of those that contradict each other. */
function* settingProblems(settings: Record<string, unknown>): Generator<ConfigurationProblem> {
  const taken: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    try {
      Object.assign(
        taken,
        withFile({}, { [name]: value }, () => 'default'),
      );
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      yield {
        pointer: `/settings/${pointerToken(name)}`,
        message: error.message.replace(/^.*? is wrong: /, 'is wrong: '),
      };
    }
  }
  try {
    // Whether there is a token is not the file's to say.
    configOf({ ...defaultConfig(), ...taken, token: 'any' });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield { pointer: '/settings', message: error.message };
  }
}

/** Two listeners on one address. Host names are not looked up. */
function* portProblems(listeners: readonly (readonly [number, NamedSpec])[]): Generator<ConfigurationProblem> {
  const table = new PortTable(new SharedArrayBuffer(PORTS));
  for (const [i, { protocol, host = '127.0.0.1', port = 0, name, udp }] of listeners) {
    if (port === 0 || isIP(host) === 0) continue;
    try {
      table.claim({ protocol, host, port, ipv6Only: udp?.ipv6Only ?? false }, { id: name, name });
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      yield { pointer: `/listeners/${i}/port`, message: `${error.message.split(';', 1)[0]}` };
    }
  }
}
