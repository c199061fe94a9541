/** The log of the process: one line an event, JSON, or readable on a terminal. Payloads never get in. */
import { createRequire } from 'node:module';
import { type DestinationStream, type Logger, pino } from 'pino';

const STDOUT = 1;
type Options = { fd?: number; isTerminal?: boolean };

/** A logger that writes to stdout unless told otherwise. */
export function createLog(level: string, options: Options = {}): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination(options));
}

/** Written at once: what the last line said must not die with the process. */
function destination({ fd = STDOUT, isTerminal = process.stdout.isTTY }: Options): DestinationStream {
  if (!isTerminal) return pino.destination({ fd, sync: true });
  // Only now: a log that no person reads needs no colours in memory.
  const pretty = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  return pretty({
    destination: fd,
    sync: true,
    colorize: !('NO_COLOR' in process.env),
    translateTime: 'HH:MM:ss.l',
    // The message says it.
    ignore: 'url',
    customPrettifiers: { policy: policyLine },
  });
}

type Policy = { bind: string[]; send: string[]; hosts: string[]; origins: string[]; token: boolean };

/** The policy of the start in one line. */
function policyLine(policy: unknown): string {
  const { bind, send, hosts, origins, token } = policy as Policy;
  const others = [...hosts, ...origins].filter((name) => !LOOPBACK.includes(name));
  const parts = [`listeners bind ${reach(bind)}`, `sends go to ${reach(send)}`, token ? 'token needed' : 'no token'];
  return [...parts, ...(others.length === 0 ? [] : [`serves ${others.join(', ')}`])].join('; ');
}

const LOOPBACK = ['127.0.0.0/8', '::1', 'localhost'];

function reach(cidrs: string[]): string {
  const more = cidrs.filter((cidr) => !LOOPBACK.includes(cidr));
  return more.length === 0 ? 'loopback only' : `loopback and ${more.join(', ')}`;
}
