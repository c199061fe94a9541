/** The table of contents of the API: every resource and where it lives. */
import type { FastifyInstance } from 'fastify';
import type { Routes } from '../src/http/domain.ts';
import { allMessages } from './all-messages.ts';
import { configuration } from './configuration.ts';
import { connections } from './connections.ts';
import { docs } from './docs.ts';
import { health } from './health.ts';
import { listeners } from './listeners.ts';
import { messages } from './messages.ts';
import { metrics } from './metrics.ts';
import { presets } from './presets.ts';
import { replays } from './replays.ts';
import { rules } from './rules.ts';
import { sends } from './sends.ts';
import { status } from './status.ts';
import { streams } from './streams.ts';
import { verifications } from './verifications.ts';

const CONTENTS: Routes[] = [
  listeners, //   /v1/listeners  …/{id}
  messages, //    /v1/listeners/{id}/messages  …/{seq}  …/payload  …/reply  .ndjson
  allMessages, // /v1/messages
  verifications, // …/{id}/verifications
  streams, //     /v1/listeners/{id}/stream  /v1/stream
  sends, //       /v1/sends  …/{id}
  replays, //     /v1/sends/import
  rules, //       /v1/listeners/{id}/rules  …/{name}  …/test
  presets, //     /v1/presets
  connections, // /v1/listeners/{id}/connections  …/{cid}  …/send
  status, //      /v1/info  /v1/workers  /v1/reset
  configuration, // /v1/export
  health, //      /livez  /readyz  /healthz
  metrics, //     /metrics
  docs, //        /  /docs  /openapi.json  /openapi.yaml  /problems/{code}
];

export function addRoutes(app: FastifyInstance): void {
  for (const routes of CONTENTS) app.register(routes);
}
