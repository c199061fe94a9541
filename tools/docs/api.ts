/** Every operation, by resource. */
import { anchors, code, GENERATED, page, table, typeText } from './markdown.ts';
import type { Content, OpenApi, Operation } from './openapi.ts';

type Call = { method: string; path: string; operation: Operation; anchor: string };

export function apiPage({ tags, paths }: OpenApi): string {
  const groups = numbered(tags.map((tag) => ({ ...tag, calls: callsOf(tag.name, paths) })));
  return page([
    '# HTTP API',
    '',
    GENERATED,
    '',
    'Bodies are JSON. Unknown fields and parameters are refused, with their names. Any operation may answer a',
    '[problem document](schemas.md#problem) with one of these [codes](errors.md); the answers listed here are the others.',
    '`?pretty` indents any JSON answer; a slash at the end of a path changes nothing.',
    '',
    ...groups.flatMap(({ name, calls }) => [`**${name}**`, '', ...table(['', ''], calls.map(contents))]),
    ...groups.flatMap(({ name, description, calls }) => [`## ${name}`, '', description, '', ...calls.flatMap(section)]),
  ]);
}

function callsOf(tag: string, paths: OpenApi['paths']): Omit<Call, 'anchor'>[] {
  const calls = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  return calls.filter(({ operation }) => operation.tags[0] === tag);
}

/** With the anchor of each call, in the order of the page's headings. */
function numbered<G extends { name: string; calls: Omit<Call, 'anchor'>[] }>(groups: G[]) {
  const headings = groups.flatMap(({ name, calls }) => [name, ...calls.map(({ operation }) => operation.summary)]);
  const names = anchors(headings)[Symbol.iterator]();
  return groups.map((group) => {
    names.next();
    return { ...group, calls: group.calls.map((call) => ({ ...call, anchor: names.next().value! })) };
  });
}

function contents({ method, path, operation, anchor }: Call): string[] {
  return [code(`${method} ${path}`), `[${operation.summary}](#${anchor})`];
}

function section({ method, path, operation }: Call): string[] {
  const { summary, description, operationId } = operation;
  return [
    `### ${summary}`,
    '',
    `${code(`${method} ${path}`)} (${operationId})`,
    '',
    ...(description === undefined ? [] : [description, '']),
    ...parameters(operation),
    ...body(operation),
    ...answers(operation),
  ];
}

function parameters({ parameters = [] }: Operation): string[] {
  const rows = parameters.map(({ name, in: place, required, schema, description }) => [
    code(name),
    required === true && place !== 'path' ? `${place}, required` : place,
    typeText(schema, 'schemas.md'),
    description ?? schema.description ?? '',
  ]);
  return table(['parameter', 'in', 'type', ''], rows);
}

function body({ requestBody }: Operation): string[] {
  return requestBody === undefined ? [] : [`Body: ${contentText(requestBody.content)}`, ''];
}

function answers({ responses }: Operation): string[] {
  const own = Object.entries(responses).filter(([status]) => status !== 'default');
  const rows = own.map(([status, { description, content }]) => [status, contentText(content ?? {}), description]);
  return table(['status', 'body', ''], rows);
}

/** Schemas of JSON, else media types. */
function contentText(content: Content): string {
  const forms = Object.entries(content).map(([type, { schema }]) =>
    schema !== undefined && type.includes('json') && !type.includes('ndjson')
      ? typeText(schema, 'schemas.md')
      : code(type),
  );
  return [...new Set(forms)].join(' or ');
}
