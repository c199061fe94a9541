/** The log of the process: one line an event, JSON, or readable on a terminal. Payloads never get in. */
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/** A logger that writes to stdout. */
export function createLog(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination());
}

/** Written at once: what the last line said must not die with the process. */
function destination(): DestinationStream {
  if (!process.stdout.isTTY) return pino.destination({ fd: 1, sync: true });
  return pretty({ destination: 1, sync: true, colorize: !('NO_COLOR' in process.env), translateTime: 'HH:MM:ss.l' });
}
