/**
 * The configuration of the process: one table gives the environment variables, the checks and the text of `--help`. Flags beat the environment, the environment beats the defaults. Nothing here reads anything on import,
 * and no schema library is loaded: every command pays for this file.
 */

import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import ipaddr from 'ipaddr.js';
import { FSYNCS, type Fsync } from '../journal/store/sqlite/wal-sync.ts';
import { parseBytes } from '../schemas/units.ts';

/** How a setting is written on the command line and in the environment. */
export type Form = 'text' | 'integer' | 'bytes' | 'list' | 'cidrs' | 'ports';
export type Setting = {
  form: Form;
  placeholder: string;
  description: string;
  /** null: it may be absent. */
  default: unknown;
  choices?: readonly string[];
  /** Of a number. */
  minimum?: number;
  maximum?: number;
};

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const ENGINES = ['auto', 'dgram'] as const;

export type Config = {
  host: string;
  port: number;
  threads: number;
  maxThreads: number;
  maxListeners: number;
  data: string | null;
  fsync: Fsync;
  journalMemory: number;
  logLevel: (typeof LOG_LEVELS)[number];
  token: string | null;
  allowBind: string[];
  allowSend: string[];
  allowHost: string[];
  allowOrigin: string[];
  portRange: { first: number; last: number } | null;
  advertisedHost: string | null;
  urlFile: string | null;
  engine: (typeof ENGINES)[number];
};

export const SETTINGS: { readonly [name in keyof Config]: Setting & { default: Config[name] } } = {
  host: {
    form: 'text',
    placeholder: '<address>',
    description: 'address the API listens on; other than loopback needs a token',
    default: '127.0.0.1',
  },
  port: {
    form: 'integer',
    placeholder: '<number>',
    description: 'port the API listens on; 0 = any, the chosen one is printed',
    default: 8080,
    minimum: 0,
    maximum: 65_535,
  },
  threads: {
    form: 'integer',
    placeholder: '<number>',
    description: 'threads of the shared pool',
    default: Math.max(2, Math.min(4, availableParallelism())),
    minimum: 1,
    maximum: 64,
  },
  maxThreads: {
    form: 'integer',
    placeholder: '<number>',
    description: 'threads of all pools together',
    default: 64,
    minimum: 1,
    maximum: 1024,
  },
  maxListeners: {
    form: 'integer',
    placeholder: '<number>',
    description: 'listeners at most',
    default: 10_000,
    minimum: 1,
    maximum: 1_000_000,
  },
  data: maybe('<directory>', 'keep messages in this directory; without it in memory'),
  fsync: {
    form: 'text',
    placeholder: '<when>',
    description:
      'when messages in --data must be on the disk, should the power fail: before they show, each second, or any time',
    default: 'interval',
    choices: FSYNCS,
  },
  journalMemory: {
    form: 'bytes',
    placeholder: '<bytes>',
    description: 'bytes of messages kept over all listeners, e.g. 512MiB; the oldest give way',
    default: 512 * 1024 ** 2,
    minimum: 1024 ** 2,
  },
  logLevel: {
    form: 'text',
    placeholder: '<level>',
    description: 'least level that is logged',
    default: 'info',
    choices: LOG_LEVELS,
  },
  token: maybe('<secret>', 'bearer token that requests must carry'),
  allowBind: list('cidrs', '<cidrs>', 'where listeners may bind, beside loopback, e.g. 0.0.0.0/0'),
  allowSend: list('cidrs', '<cidrs>', 'where sends may go, beside loopback, e.g. 10.0.0.0/8'),
  allowHost: list('list', '<names>', 'Host names served, beside loopback, e.g. ci.example'),
  allowOrigin: list('list', '<origins>', 'web origins served, beside our own, e.g. https://tests.example'),
  portRange: {
    form: 'ports',
    placeholder: '<first-last>',
    description: 'ports given to listeners that ask for port 0, e.g. 20000-20999',
    default: null,
  },
  advertisedHost: maybe('<name>', 'host shown in the address of a wildcard listener'),
  urlFile: maybe(
    '<file>',
    'write the URL of the API there once it is ready; with the same variable the other commands find it',
  ),
  engine: {
    form: 'text',
    placeholder: '<engine>',
    description: 'how UDP is read: the fastest that works here, or the portable one',
    default: 'auto',
    choices: ENGINES,
  },
};

/** A setting that can't be used; `message` is one line that names it. */
export class ConfigError extends Error {}

const NAMED = Object.entries(SETTINGS) as [keyof Config, Setting][];

/** Variables of the environment that the program or its client reads. */
export const VARIABLES = [...NAMED.map(([name]) => variable(name)), 'LISTENPOST_CONFIG', 'LISTENPOST_URL'];

/** The defaults alone, e.g. for tests that start a service inside their process. */
export function defaultConfig(): Config {
  return structuredClone(Object.fromEntries(NAMED.map(([name, setting]) => [name, setting.default]))) as Config;
}

/** Adds one option a setting to a command. commander then reads flags, environment and defaults in that order. */
export function addSettings(command: Command): Command {
  for (const [name, setting] of NAMED) command.addOption(option(name, setting));
  return command;
}

/**
 * Settings of a configuration file, below flags and environment and above the defaults. `sourceOf` says where commander
 * has a value from. Throws ConfigError naming a value that can't be used.
 */
export function withFile(
  options: Record<string, unknown>,
  settings: Record<string, unknown>,
  sourceOf: (name: string) => string | undefined,
): Record<string, unknown> {
  const filled = { ...options };
  for (const [name, setting] of NAMED) {
    if (!(name in settings) || sourceOf(name) !== 'default') continue;
    try {
      filled[name] = settings[name] === null ? null : parsed(setting, String(settings[name]));
    } catch (error) {
      throw new ConfigError(`settings.${name} in the configuration file is wrong: ${(error as Error).message}`);
    }
  }
  return filled;
}

/** The configuration in a parsed command. Throws ConfigError when settings contradict each other. */
export function configOf(options: Record<string, unknown>): Config {
  const config = Object.fromEntries(NAMED.map(([name]) => [name, options[name]])) as Config;
  if (!isLoopbackHost(config.host) && config.token === null) {
    throw new ConfigError(
      `--host ${config.host} is reachable by others: give a token with LISTENPOST_TOKEN or --token, e.g. --token $(openssl rand -hex 16), or keep 127.0.0.1`,
    );
  }
  if (config.threads > config.maxThreads) {
    throw new ConfigError(`--threads ${config.threads} is more than --max-threads ${config.maxThreads} allows`);
  }
  return config;
}

/** Whether a host of the API is only reachable from this machine. */
export function isLoopbackHost(host: string): boolean {
  if (host === 'localhost') return true;
  return isIP(host) !== 0 && ipaddr.process(host).range() === 'loopback';
}

function option(name: string, setting: Setting): Option {
  const made = new Option(`--${kebab(name)} ${setting.placeholder}`, setting.description);
  made.env(variable(name));
  made.default(setting.default, defaultText(setting));
  if (setting.choices !== undefined) return made.choices([...setting.choices]);
  return made.argParser((text) => parsed(setting, text));
}

function parsed(setting: Setting, text: string): unknown {
  if (setting.choices?.includes(text) === false) refuse(`Expected one of ${setting.choices.join(', ')}.`);
  const value = READERS[setting.form](text);
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = setting;
  if (value === '') refuse('Expected some text.');
  if (typeof value === 'number' && value < minimum) refuse(`Expected integer to be greater or equal to ${minimum}.`);
  if (typeof value === 'number' && value > maximum) refuse(`Expected integer to be less or equal to ${maximum}.`);
  return value;
}

function maybe(placeholder: string, description: string): Setting & { default: null } {
  return { form: 'text', placeholder, description, default: null };
}

function list(form: Form, placeholder: string, description: string): Setting & { default: string[] } {
  return { form, placeholder, description, default: [] };
}

const READERS: Record<Form, (text: string) => unknown> = {
  text: (text) => text,
  integer: (text) => (/^\d+$/.test(text) ? Number(text) : refuse('Expected a whole number.')),
  bytes: (text) => parseBytes(text) ?? refuse('Expected bytes, e.g. 512MiB.'),
  list: words,
  cidrs: (text) => words(text).map((word) => (isCidr(word) ? word : refuse(`${word} is not a CIDR, e.g. 10.0.0.0/8.`))),
  ports: (text) => {
    const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? [];
    const range = { first: Number(first), last: Number(last) };
    if (range.first >= 1 && range.first <= range.last && range.last <= 65_535) return range;
    return refuse('Expected a range of ports, e.g. 20000-20999.');
  },
};

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** An address or a CIDR. */
function isCidr(text: string): boolean {
  return isIP(text) !== 0 || ipaddr.isValidCIDR(text);
}

function refuse(why: string): never {
  throw new InvalidArgumentError(why);
}

function defaultText(setting: Setting): string {
  if (setting.default === null || (Array.isArray(setting.default) && setting.default.length === 0)) return 'none';
  return setting.form === 'bytes' ? `${Number(setting.default) / 1024 ** 2}MiB` : String(setting.default);
}

function variable(name: string): string {
  return `LISTENPOST_${kebab(name).replaceAll('-', '_').toUpperCase()}`;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
