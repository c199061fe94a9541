/** The app over a fake domain. */
import { pino } from 'pino';
import type { Test } from 'tap';
import { type AppOptions, buildApp } from '../../../src/app.ts';
import { fakeDomain } from './domain.ts';

export const OPTIONS: AppOptions = { token: null, allowHost: [], allowOrigin: [], version: '1.2.3' };

/** Builds it; `lines` collects what is logged. Closes with the test. */
export async function fakeApp(t: Test, options: Partial<AppOptions> = {}) {
  const fakes = fakeDomain();
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const app = await buildApp({ domain: fakes.domain, options: { ...OPTIONS, ...options }, logger });
  t.teardown(() => app.close());
  return { app, lines, ...fakes };
}

/** The app on a real port. */
export async function listeningApp(t: Test, options: Partial<AppOptions> = {}) {
  const made = await fakeApp(t, options);
  const url = await made.app.listen({ host: '127.0.0.1', port: 0 });
  return { ...made, url };
}
