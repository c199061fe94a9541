/** Health, workers and information about the service. */
import { Type } from '@sinclair/typebox';
import { OneOf } from './parts.ts';

export const HealthSchema = Type.Object(
  {
    status: OneOf(['ok', 'unavailable'], { description: 'In one word.', examples: ['ok'] }),
    detail: Type.Optional(
      Type.String({ description: 'Why it is not ready.', examples: ['it is restoring listeners'] }),
    ),
    checks: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.String({ description: 'What was looked at.', examples: ['journal'] }),
          ok: Type.Boolean({ description: 'Whether it is well.', examples: [true] }),
          detail: Type.Optional(Type.String({ description: 'What is wrong.', examples: ['the disk is full'] })),
        }),
        { description: 'With ?verbose: each check.' },
      ),
    ),
  },
  { $id: 'Health', description: 'Whether the service is alive or ready.' },
);

export const InfoSchema = Type.Object(
  { version: Type.String({ description: 'Version of the program.', examples: ['0.1.0'] }) },
  { $id: 'Info', additionalProperties: true, description: 'Version, limits and policy of this service.' },
);

const ThreadSchema = Type.Object({
  name: Type.String({ description: 'Its stable name.', examples: ['shared-1'] }),
  state: OneOf(['running', 'replacing', 'dead'], { description: 'What it does.', examples: ['running'] }),
  engine: OneOf(['mmsg', 'dgram'], { description: 'How it reads UDP.', examples: ['dgram'] }),
  bindings: Type.Integer({ description: 'Sockets it serves.', examples: [1] }),
  eventLoopUtilization: Type.Number({ description: 'Busy share since the last look, 0 to 1.', examples: [0.02] }),
  restarts: Type.Integer({ description: 'How often it was replaced.', examples: [0] }),
});

export const WorkersSchema = Type.Object(
  {
    pools: Type.Array(
      Type.Object({
        name: Type.String({ description: 'Name of the pool.', examples: ['shared'] }),
        kind: OneOf(['shared', 'dedicated'], { description: 'Who uses it.', examples: ['shared'] }),
        threads: Type.Array(ThreadSchema, { description: 'Its threads.' }),
      }),
      { description: 'Pools of worker threads.' },
    ),
    maxThreads: Type.Integer({ description: 'Threads of all pools at most.', examples: [64] }),
    threadsInUse: Type.Integer({ description: 'Threads there are.', examples: [2] }),
  },
  { $id: 'Workers', description: 'The threads that serve sockets.' },
);

export const OpenApiSchema = Type.Object(
  {
    openapi: Type.String({ description: 'Version of OpenAPI.', examples: ['3.1.0'] }),
    info: Type.Object(
      {
        title: Type.String({ description: 'Name of the service.', examples: ['Listenpost'] }),
        version: Type.String({ description: 'Version of the program.', examples: ['0.1.0'] }),
      },
      { additionalProperties: true, description: 'About the service.' },
    ),
    paths: Type.Object({}, { additionalProperties: true, description: 'Paths and their operations.', examples: [{}] }),
  },
  { $id: 'OpenApiDocument', additionalProperties: true, description: 'An OpenAPI document.' },
);
