/**
 * The process that `start` forks: it gets its settings in one message, runs the service, says where, and stops when its
 * parent lets go of it or dies. Ctrl-C is the parent's affair.
 */
import { once } from 'node:events';
import type { Config } from '../config/config.ts';
import { isNewEnough, NODE_FLOOR } from './own-node.ts';
import type { ChildReport } from './start.ts';

/** Milliseconds an orderly end may take. */
const GRACE = 8000;

const over = new AbortController();
process.on('SIGINT', () => {});
process.once('disconnect', () => over.abort());
process.once('SIGTERM', () => over.abort());
process.once('message', (settings: Partial<Config>) => {
  run(settings).catch((error: Error) => {
    if (over.signal.aborted) process.exit(0);
    report({ error: `listenpost can't start: ${error.message}` });
  });
});

async function run(settings: Partial<Config>): Promise<void> {
  if (!isNewEnough(process.versions.node)) {
    return report({ error: `listenpost needs Node ${NODE_FLOOR} or later; ${process.execPath} is ${process.version}` });
  }
  const [{ start }, { defaultConfig }] = await Promise.all([import('../server.ts'), import('../config/config.ts')]);
  const onFatal = (): void => process.exit(70);
  const config: Config = { ...defaultConfig(), port: 0, logLevel: 'warn', ...settings };
  const service = await start(config, { onFatal, signal: over.signal });
  report({ url: service.url });
  if (!over.signal.aborted) await once(over.signal, 'abort');
  setTimeout(() => process.exit(1), GRACE);
  await service.close();
  process.exit(0);
}

function report(said: ChildReport): void {
  if (process.connected) process.send?.(said, () => {}); // a parent that is gone needs no answer
}
