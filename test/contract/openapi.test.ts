/** The published description: committed, linted, and each example right. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { publishedDocument } from '../../tools/openapi/document.ts';
import { fakeApp } from '../support/fake/app.ts';
import { isA, validator } from '../support/schema.ts';

t.setTimeout(120_000);

type Schema = Record<string, unknown> & { properties?: Record<string, Schema>; examples?: unknown[]; $ref?: string };
type Parameter = { name: string; in: string; description?: string; example?: unknown; schema: Schema };
type Answer = { content?: Record<string, { schema: Schema }> };
type Operation = {
  operationId: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  responses: Record<string, Answer>;
};
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } };

const FILE = new URL('../../../openapi/openapi.json', import.meta.url);
const text = await publishedDocument();
const document = JSON.parse(text) as Document;
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

t.test('openapi/openapi.json is what the service publishes', async (t) => {
  t.ok((await readFile(FILE, 'utf8')) === text, 'run `npm run openapi` and commit the result');
});

t.test('Redocly finds no error', async (t) => {
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NODE_OPTIONS: '' };
  const lint = promisify(execFile)('redocly', ['lint', FILE.pathname], { env });
  await t.resolves(lint);
});

t.test('each operation has an id of its own, a tag and a description', async (t) => {
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  for (const { operationId, description, tags } of operations) t.ok(description && tags?.length === 1, operationId);
});

t.test('each parameter and each field has a description and an example', async (t) => {
  for (const { operationId, parameters = [] } of operations) {
    for (const { name, description, example, schema } of parameters) {
      const shown = example !== undefined || schema.examples !== undefined || schema.enum !== undefined;
      t.ok(description && shown, `${operationId} ${name}`);
    }
  }
  for (const [name, schema] of Object.entries(document.components.schemas)) checkFields(t, schema, name);
});

t.test('examples of bodies are taken as they stand', async (t) => {
  const { app, registry } = await fakeApp(t);
  const bodies = { createListener: 'ListenerSpec', createSend: 'SendRequest' };
  const urls = { createListener: '/v1/listeners', createSend: '/v1/sends' };
  for (const [id, name] of Object.entries(bodies)) {
    const url = urls[id as keyof typeof urls];
    for (const payload of document.components.schemas[name]!.examples as object[]) {
      t.equal((await app.inject({ method: 'POST', url, payload })).statusCode, 201, `${id} ${JSON.stringify(payload)}`);
    }
  }
  t.equal(registry.entries[0]?.view.name, 'statsd', 'the other examples speak of it');
});

t.test('examples of fields are right by their own schema', async (t) => {
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    for (const [field, { examples, ...property }] of Object.entries(schema.properties ?? {})) {
      if (examples === undefined || JSON.stringify(property).includes('"$ref"')) continue;
      const validate = validator(property);
      for (const example of examples) t.ok(validate(example), `${name}.${field}: ${JSON.stringify(example)}`);
    }
  }
});

t.test('answers keep to their published schemas', async (t) => {
  const { app } = await fakeApp(t);
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
  isA(t, 'Listener', (await post('/v1/listeners', { protocol: 'udp', name: 'statsd' })).json());
  isA(t, 'ListenerPage', (await app.inject('/v1/listeners')).json());
  isA(t, 'Send', (await post('/v1/sends', { protocol: 'udp', to: { port: 9 }, text: 'x' })).json());
  isA(t, 'SendPage', (await app.inject('/v1/sends')).json());
  isA(t, 'ConnectionList', (await app.inject('/v1/listeners/statsd/connections')).json());
  isA(t, 'Workers', (await app.inject('/v1/workers')).json());
  isA(t, 'Info', (await app.inject('/v1/info')).json());
  isA(t, 'Health', (await app.inject('/readyz?verbose')).json());
  isA(t, 'OpenApiDocument', (await app.inject('/openapi.json')).json());
  isA(t, 'ProblemKind', (await app.inject('/problems/not_found')).json());
  isA(t, 'Problem', (await app.inject('/v1/listeners/none')).json());
  isA(t, 'Problem', (await post('/v1/listeners', {})).json());
});

t.test('answers that are JSON are declared by a named schema', async (t) => {
  for (const { operationId, responses } of operations) {
    for (const [status, { content = {} }] of Object.entries(responses)) {
      for (const [type, { schema }] of Object.entries(content)) {
        if (/[/+]json$/.test(type)) t.match(schema.$ref, /^#\/components\/schemas\//, `${operationId} ${status}`);
      }
    }
  }
});

/** Objects need examples in their fields, not of their own. */
function checkFields(t: Test, schema: Schema, path: string): void {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const where = `${path}.${name}`;
    if (field.$ref !== undefined) continue;
    const isNested = field.properties !== undefined || field.items !== undefined;
    const isShown = isNested || field.examples !== undefined || field.const !== undefined;
    t.ok(field.description !== undefined && isShown, where);
    checkFields(t, field, where);
    if (field.items !== undefined) checkFields(t, field.items as Schema, `${where}[]`);
  }
}
