/** `listenpost serve`: runs the service until a signal ends it. A second signal ends it at once. */
import closeWithGrace from 'close-with-grace';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { type Service, start } from '../server.ts';

/** Milliseconds an orderly end may take. */
const GRACE = 10_000;
/** Exit codes: it could not start; its journal died (EX_SOFTWARE of sysexits). */
const FAILED = 1;
const JOURNAL_DIED = 70;

export async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  let service: Service | undefined;
  const onFatal = (error: Error) => {
    log.fatal({ err: error }, 'the journal thread died, nothing can be kept any more');
    process.exit(JOURNAL_DIED);
  };
  closeWithGrace(
    { delay: GRACE, logger: false, onSecondSignal: (signal) => log.warn(`${signal} again, exiting at once`) },
    async ({ signal, err }) => {
      if (err !== undefined) log.fatal({ err }, 'an error nobody handled');
      if (signal !== undefined) log.info(`${signal}, shutting down`);
      await service?.close();
    },
  );
  try {
    service = await start(config, { log, onFatal });
  } catch (error) {
    process.stderr.write(`error: listenpost can't start: ${(error as Error).message}\n`);
    process.exit(FAILED);
  }
}
