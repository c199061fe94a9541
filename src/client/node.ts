/** The client of Listenpost on Node: as everywhere, and `start`. What starts the service is loaded only then. */
import { Http } from './http.ts';
import { Service } from './service.ts';
import type { StartOptions } from './start.ts';

export * from './index.ts';
export type { StartOptions } from './start.ts';

/**
 * Starts a service on a free port: in a child process, which ends with this one at the latest, or `inProcess`. Closing or
 * disposing of it stops it. The service needs Node 24: on an older one the Node that came along as a package runs it, or
 * the one that `execPath` names.
 */
export async function start(options: StartOptions = {}): Promise<Service> {
  const { startService } = await import('./start.ts');
  const { url, stop, fate } = await startService(options);
  const http = new Http(url, { token: options.token ?? undefined });
  http.gone = fate;
  return new Service(http, stop);
}
