/** The log of the process: one line an event, JSON, or readable on a terminal. Payloads never get in. */
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

const STDOUT = 1;
type Options = { fd?: number; isTerminal?: boolean };

/** A logger that writes to stdout unless told otherwise. */
export function createLog(level: string, options: Options = {}): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination(options));
}

/** Written at once: what the last line said must not die with the process. */
function destination({ fd = STDOUT, isTerminal = process.stdout.isTTY }: Options): DestinationStream {
  if (!isTerminal) return pino.destination({ fd, sync: true });
  return pretty({ destination: fd, sync: true, colorize: !('NO_COLOR' in process.env), translateTime: 'HH:MM:ss.l' });
}
