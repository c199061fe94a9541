/** `listenpost serve`: runs the service until a signal ends it. A second signal ends it at once. */
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { type Service, start } from '../server.ts';

/** Milliseconds an orderly end may take. */
const GRACE = 10_000;
/** Ctrl-C under npm arrives twice, from the terminal and from npm: within so many milliseconds that is one signal. */
const ECHO = 250;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** Exit codes: it could not start, or was told to end at once; its journal died (EX_SOFTWARE of sysexits). */
const FAILED = 1;
const JOURNAL_DIED = 70;

export async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  let service: Service | undefined;
  const { close } = closeWithGrace({ delay: GRACE, logger: log, skip: [...SIGNALS] }, async ({ err }) => {
    if (err !== undefined) log.fatal({ err }, 'an error nobody handled');
    await service?.close();
  });
  onSignals(log, close);
  const onFatal = (error: Error) => {
    log.fatal({ err: error }, 'the journal thread died, nothing can be kept any more');
    process.exit(JOURNAL_DIED);
  };
  try {
    service = await start(config, { log, onFatal });
  } catch (error) {
    process.stderr.write(`error: listenpost can't start: ${(error as Error).message}\n`);
    process.exit(FAILED);
  }
}

/** The first signal closes, a later one ends the process at once. */
function onSignals(log: Logger, close: () => void): void {
  let first: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (first === undefined) {
      first = performance.now();
      log.info(`${signal}, shutting down`);
      close();
    } else if (performance.now() - first > ECHO) {
      log.warn(`${signal} again, ending at once`);
      process.exit(FAILED);
    }
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
}
