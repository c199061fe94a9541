/** The file that says where the service is, whatever flags it was started with: for health checks, and for `--port 0`. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Logger } from 'pino';

/** Writes the URL once the service is ready, and takes the file away when the process ends. One of an earlier life goes at once. */
export async function keepUrlFile(path: string, starting: Promise<{ url: string }>, log: Logger): Promise<void> {
  const attempt = (step: () => void) => {
    try {
      step();
    } catch (error) {
      log.warn(`--url-file ${path}: ${(error as Error).message}`);
    }
  };
  attempt(() => rmSync(path, { force: true }));
  const { url } = await starting;
  process.once('exit', () => attempt(() => rmSync(path, { force: true })));
  attempt(() => {
    // Whoever waits for the file must not find it empty.
    writeFileSync(`${path}.new`, `${url}\n`);
    renameSync(`${path}.new`, path);
  });
}
