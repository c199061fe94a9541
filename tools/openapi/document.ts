/** The OpenAPI document as the service publishes it. No domain is needed: nothing is asked of it until a request comes. */
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import type { Domain } from '../../src/domain.ts';
import { VERSION } from '../../src/version.ts';

/** As JSON text with a line break at its end. */
export async function publishedDocument(): Promise<string> {
  const options = { token: null, allowHost: [], allowOrigin: [], version: VERSION };
  const app = await buildApp({ domain: NO_DOMAIN, options, logger: pino({ level: 'silent' }) });
  const document = JSON.stringify(app.swagger(), null, 2);
  await app.close();
  return `${document}\n`;
}

const NO_DOMAIN = { registry: {}, sends: {}, journal: {}, status: {} } as Domain;
