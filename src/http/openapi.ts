/** OpenAPI 3.1 out of the route schemas, and Swagger UI over it. Call before any route is added. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { SOURCE_TEXT } from '../schemas/parts.ts';
import { withDefaultsInWords } from './defaults.ts';
import { addErrorExamples, type ExampleOperation } from './error-examples.ts';

const DESCRIPTION = `Programmable UDP and TCP endpoints: create listeners, read back every message that arrived, wait for
the one you expect, follow them live, and send.

Start with *Create a listener*, then *Send*; the examples fit together and run as they stand. \`?pretty\` indents any JSON
answer.`;

const TAGS = [
  { name: 'Listeners', description: 'UDP and TCP endpoints.' },
  { name: 'Rules', description: 'How a listener talks: the list, what it counted, trials.' },
  { name: 'Messages', description: 'What arrived and what was answered.' },
  { name: 'Verifications', description: 'What must, or must not, have arrived.' },
  { name: 'Streams', description: 'The same live.' },
  { name: 'Sends', description: 'Transmissions on demand.' },
  { name: 'Connections', description: 'Open TCP connections.' },
  { name: 'Operations', description: 'Health, threads, metrics.' },
];

export function addOpenApi(app: FastifyInstance, version: string): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Listenpost',
        version,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This service.' }],
      tags: TAGS,
      security: [{}, { token: [] }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'Needed where the service was started with a token.' },
        },
      },
    },
    transformObject: (made) => {
      const document = 'openapiObject' in made ? made.openapiObject : made.swaggerObject;
      polish(document as unknown as Document);
      return document;
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => `${json.$id ?? `Schema${i}`}` },
  });
}

/** The document for people to try out: padlocks stand where this service asks for a token, and nowhere else. */
export function documentForPeople(document: Readonly<Record<string, unknown>>, needsToken: boolean) {
  if (needsToken) return { ...document, security: [{ token: [] }] };
  const { security: _, components, ...open } = document as { security?: unknown; components: Record<string, unknown> };
  const { securitySchemes: __, ...rest } = components;
  return { ...open, components: rest };
}

/** The parts of a document that are polished. */
type Parameter = { name: string; in: string; example?: unknown; schema: Record<string, unknown> };
type Operation = ExampleOperation & { tags?: string[]; parameters?: Parameter[] };
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Record<string, unknown>> };
};

/** The order in which people think of them. */
const PLACES = ['path', 'query', 'header'];

/** What the plugin can't know. */
function polish({ paths, components }: Document): void {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => [path, operation] as const),
  );
  for (const [path, operation] of operations) {
    addErrorExamples(path, operation, components.schemas);
    operation.parameters?.sort((a, b) => PLACES.indexOf(a.in) - PLACES.indexOf(b.in));
    for (const parameter of operation.parameters ?? []) placeExample(operation, parameter);
  }
  for (const schema of Object.values(components.schemas)) withoutMarks(schema);
  for (const [name, schema] of Object.entries(components.schemas))
    components.schemas[name] = withDefaultsInWords(schema);
}

/** Marks are for the validator, and so is this keyword: OpenAPI wants named members beside it. */
function withoutMarks(schema: object): void {
  const keywords = schema as Record<string, unknown>;
  delete keywords[SOURCE_TEXT];
  if (keywords.oneOf !== undefined) delete keywords.discriminator;
  for (const part of Object.values(schema)) if (typeof part === 'object' && part !== null) withoutMarks(part);
}

/** Swagger UI fills its form with `example` and sends it; an example inside the schema is only shown. */
function placeExample(operation: Operation, parameter: Parameter): void {
  const { name, schema, example } = parameter;
  if (example === undefined || parameter.in === 'path' || isFilledIn(operation, name)) return;
  delete parameter.example;
  parameter.schema = { ...schema, examples: [example] };
}

/** Streams replay and end soon, so that they finish there. */
function isFilledIn({ operationId, tags }: Operation, name: string): boolean {
  if (operationId === 'deleteListeners') return name === 'label';
  return tags?.includes('Streams') === true && ['after', 'for'].includes(name);
}
