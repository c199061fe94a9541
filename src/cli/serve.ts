/** `listenpost serve`: runs the service until a signal ends it. A second signal ends it at once. */
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { type ConfigurationFile, readConfigurationFile } from '../configuration/file.ts';
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

/** `file` is read again on SIGHUP. */
export async function serve(config: Config, file?: ConfigurationFile): Promise<void> {
  const log = createLog(config.logLevel);
  let starting: Promise<Service> | undefined;
  const { close } = closeWithGrace(
    { delay: GRACE, logger: log, skip: file === undefined ? [...SIGNALS] : [...SIGNALS, 'SIGHUP'] },
    async ({ err }) => {
      if (err !== undefined) log.fatal({ err }, 'an error nobody handled');
      // A start that fails ends the process itself.
      await (await starting)?.close();
    },
  );
  onSignals(log, close);
  const onFatal = (error: Error) => {
    log.fatal({ err: error }, 'the journal thread died, nothing can be kept any more');
    process.exit(JOURNAL_DIED);
  };
  try {
    starting = start(config, { log, onFatal, listeners: file?.listeners ?? [] });
    const service = await starting;
    if (file !== undefined) reloadOnHangup(service, file, log);
  } catch (error) {
    process.stderr.write(`error: listenpost can't start: ${(error as Error).message}\n`);
    process.exit(FAILED);
  }
}

/** Reads the file anew; one that is wrong changes nothing. Settings of the process need a restart. */
function reloadOnHangup(service: Service, { path }: ConfigurationFile, log: Logger): void {
  process.on('SIGHUP', () => {
    try {
      service.configure(readConfigurationFile(path).listeners).catch((err) => log.error({ err }, 'the reload failed'));
    } catch (error) {
      log.error(`SIGHUP: nothing is changed: ${(error as Error).message}`);
    }
  });
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
