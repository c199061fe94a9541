/**
 * The process that `start` forks: it gets its settings in one message, runs the service, says where, and stops when its
 * parent lets go of it or dies. Ctrl-C is the parent's affair.
 */
import type { Config } from '../config.ts';
import type { ChildAnswer } from './start.ts';

const NODE_FLOOR = 24;

process.on('SIGINT', () => {});
process.once('message', (settings: Partial<Config>) => {
  run(settings).catch((error: Error) => answer({ error: `listenpost can't start: ${error.message}` }));
});

async function run(settings: Partial<Config>): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) < NODE_FLOOR) {
    return answer({ error: `listenpost needs Node ${NODE_FLOOR} or later; ${process.execPath} is ${process.version}` });
  }
  const [{ start }, { defaultConfig }] = await Promise.all([import('../server.ts'), import('../config.ts')]);
  const onFatal = (): void => process.exit(70);
  const service = await start({ ...defaultConfig(), port: 0, logLevel: 'warn', ...settings }, { onFatal });
  const stop = () => service.close().then(() => process.exit(0));
  process.once('disconnect', stop);
  process.once('SIGTERM', stop);
  if (!process.connected) return stop();
  answer({ url: service.url });
}

function answer(said: ChildAnswer): void {
  process.send?.(said);
}
