/** Values of flags and arguments, as people write them. What is wrong is said in commander's words, with exit code 2. */
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { parseJson } from '../../json/parse.ts';
import { RawJson } from '../../json/raw.ts';
import { parseDuration } from '../../schemas/units.ts';

/** A duration as the API takes it. People take a bare number for seconds, the API for milliseconds: so it needs a unit. */
export function duration(text: string): string {
  if (parseDuration(text) === undefined) throw new InvalidArgumentError('Expected a duration, e.g. 500ms, 5s or 2m.');
  if (/\d$/.test(text)) throw new InvalidArgumentError(`${text} what? Write e.g. ${text}s or ${text}ms.`);
  return text;
}

/** A whole number from `least` on. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** Any number from `least` on. */
export function numeric(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least) return value;
    throw new InvalidArgumentError(`Expected a number from ${least} on.`);
  };
}

/** A repeatable `key:value`, split at the first colon. */
export function label(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^:]+):(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Expected key:value.');
  return { ...before, [key]: value };
}

/** JSON, e.g. a responder, which goes out as it is written. Its shape is for the service to check. */
export function json(text: string): RawJson {
  return objectIn(text, (value) => typeof value === 'object' && value !== null, 'Expected a JSON object.');
}

/** JSON that must be a list. */
export function jsonList(text: string): RawJson {
  return objectIn(text, Array.isArray, 'Expected a JSON list.');
}

function objectIn(text: string, fits: (value: unknown) => boolean, expected: string): RawJson {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new InvalidArgumentError(`Not JSON: ${(error as Error).message}.`);
  }
  if (fits(value)) return new RawJson(text);
  throw new InvalidArgumentError(expected);
}

/** `host:port`, `[v6]:port`, else a listener's id or name. */
export type Destination = { host: string; port: number } | { listener: string };

export function destination(text: string): Destination {
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = v6 ?? name;
  if (host !== undefined && port !== undefined) return { host, port: portOf(port) };
  const bare = bareHost(text);
  if (bare !== undefined) throw new InvalidArgumentError(`The port is missing. Write e.g. ${bare}:9000.`);
  if (!text.includes(':') && text !== '') return { listener: text };
  throw new InvalidArgumentError('Expected host:port, [v6]:port or a listener, e.g. 127.0.0.1:9000 or statsd.');
}

/** An address, or localhost, that stands without a port; as it is written before one. */
function bareHost(text: string): string | undefined {
  const host = text.replace(/^\[(.*)\]$/, '$1').replace(/:$/, '');
  if (isIP(text) === 6 || isIP(host) === 6) return `[${isIP(text) === 6 ? text : host}]`;
  return isIP(host) === 4 || host === 'localhost' ? host : undefined;
}

const LARGEST_PORT = 65_535;

function portOf(text: string): number {
  const port = Number(text);
  if (port >= 1 && port <= LARGEST_PORT) return port;
  throw new InvalidArgumentError(`Port ${text} is not from 1 to ${LARGEST_PORT}.`);
}
