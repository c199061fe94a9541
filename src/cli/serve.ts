/** `listenpost serve`: runs the service until a signal ends it. A second signal ends it at once. */
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import { type Config, VARIABLES } from '../config/config.ts';
import type { ConfigurationFile } from '../config/file.ts';
import { misspeltVariables } from '../environment.ts';
import { createLog } from '../log.ts';
import { type Service, start } from '../server.ts';
import { takeSignals } from './signals.ts';
import { startFailure } from './start-failure.ts';
import { keepUrlFile } from './url-file.ts';

/** Milliseconds an orderly end may take: containers are killed after ten seconds. Each step has less, see server.ts. */
const GRACE = 8000;
/** Ctrl-C under npm arrives twice, from the terminal and from npm: within so many milliseconds that is one signal. */
const ECHO = 250;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** Exit codes: it could not start, or was told to end at once; its journal died (EX_SOFTWARE of sysexits). */
const FAILED = 1;
const JOURNAL_DIED = 70;

/** `file` is read again on SIGHUP; `notice` is told in the log. */
export async function serve(config: Config, file?: ConfigurationFile, notice?: string): Promise<void> {
  const log = createLog(config.logLevel);
  if (notice !== undefined) log.warn(notice);
  for (const line of misspeltVariables(process.env, VARIABLES)) log.warn(line);
  const ending = new AbortController();
  const onFatal = (error: Error) => {
    log.fatal({ err: error }, 'the journal thread died, nothing can be kept any more');
    process.exit(JOURNAL_DIED);
  };
  const starting = start(config, { log, onFatal, listeners: file?.listeners ?? [], signal: ending.signal });
  const { close } = closeWithGrace(
    { delay: GRACE, logger: log, skip: file === undefined ? [...SIGNALS] : [...SIGNALS, 'SIGHUP'] },
    async ({ err }) => {
      if (err !== undefined) log.fatal({ err }, 'an error nobody handled');
      ending.abort();
      // A start that was given up, or failed, leaves nothing to close.
      await starting.then(
        (service) => service.close(),
        () => {},
      );
    },
  );
  onSignals(log, close);
  if (file !== undefined) reloadOnHangup(starting, file, log);
  if (config.urlFile !== null) keepUrlFile(config.urlFile, starting, log).catch(() => {});
  takeSignals();
  await starting.catch((error: Error) => {
    if (ending.signal.aborted) return;
    process.stderr.write(`error: listenpost can't start: ${startFailure(error, config)}\n`);
    process.exit(FAILED);
  });
}

/** Reads the file anew; one that is wrong changes nothing. Settings of the process need a restart. */
function reloadOnHangup(starting: Promise<Service>, { path }: ConfigurationFile, log: Logger): void {
  process.on('SIGHUP', () => {
    Promise.all([starting, import('../config/file.ts')])
      .then(([service, { readConfigurationFile }]) => service.configure(readConfigurationFile(path).listeners))
      .catch((error: Error) => log.error(`SIGHUP: nothing is changed: ${error.message}`));
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
