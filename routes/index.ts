/** The table of contents of the API: every resource and where it lives. */
import type { FastifyInstance } from 'fastify';
import type { Routes } from '../src/http/domain.ts';
import { health } from './health.ts';
import { listeners } from './listeners.ts';
import { status } from './status.ts';

const CONTENTS: Routes[] = [
  listeners, // /v1/listeners, /v1/listeners/{id}
  status, // /v1/info, /v1/workers, /v1/reset
  health, // /livez, /readyz, /healthz
];

export function addRoutes(app: FastifyInstance): void {
  for (const routes of CONTENTS) app.register(routes);
}
