/** Examples of the errors of each operation: those it can answer, with its own path, status and fields. */
import { type InputError, type ProblemCode, ProblemError } from '../errors.ts';
import { PROBLEM_TYPE, problemDocument } from './problems.ts';

type Parameter = { name: string; in: string; example?: unknown; schema: { examples?: unknown[] } };
type Content = Record<string, { schema?: { $ref?: string }; examples?: object }>;
export type ExampleOperation = {
  operationId?: string;
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses?: Record<string, { content?: Content }>;
  security?: unknown[];
};
type Schemas = Record<string, { required?: unknown; properties?: unknown }>;

/** Puts them beside the schema of what an operation answers when it does not serve. */
export function addErrorExamples(path: string, operation: ExampleOperation, schemas: Schemas): void {
  const content = operation.responses?.default?.content?.[PROBLEM_TYPE];
  if (content === undefined) return;
  const instance = filledIn(path, operation.parameters);
  const documents = errorsOf(path, operation, schemas).map((problem) =>
    problemDocument(
      problem,
      problem.code === 'not_found' ? instance.replace(/^(\/problems\/).*/, '$1no_such_code') : instance,
    ),
  );
  content.examples = Object.fromEntries(
    documents.map((value) => [value.code, { summary: `${value.status} ${value.title}`, value }]),
  );
}

/** The path with the examples of its parameters. */
function filledIn(path: string, parameters: Parameter[] = []): string {
  return path.replace(/\{(\w+)\}/g, (_all, wanted: string) => {
    const found = parameters.find(({ name, in: where }) => where === 'path' && name === wanted);
    return String(found?.example ?? found?.schema.examples?.[0] ?? wanted);
  });
}

function errorsOf(path: string, operation: ExampleOperation, schemas: Schemas): ProblemError[] {
  const own = OWN[operation.operationId ?? ''] ?? [];
  const missing = NOT_FOUND.find(([pattern]) => pattern.test(path))?.[1];
  return [
    wrongInput(operation, schemas),
    ...(operation.security?.length === 0
      ? []
      : [problem('unauthorized', 'Send the token as Authorization: Bearer <token>.')]),
    ...(missing === undefined ? [] : [problem('not_found', missing)]),
    ...own,
  ];
}

/** A required field that is not there, else a parameter that nobody knows. */
function wrongInput({ requestBody, parameters = [] }: ExampleOperation, schemas: Schemas): ProblemError {
  const name = requestBody?.content['application/json']?.schema?.$ref?.split('/').at(-1);
  const [field] = ((name === undefined ? undefined : schemas[name]?.required) ?? []) as string[];
  if (field !== undefined)
    return invalid(`/${field} is required.`, { in: 'body', pointer: `/${field}`, detail: 'is required' });
  const known = parameters.filter(({ in: where }) => where === 'query').map((parameter) => parameter.name);
  const rest = known.length === 0 ? ', there are none' : `; known are ${known.join(', ')}`;
  const detail = `is not a parameter here${rest}`;
  return invalid(`colour ${detail}.`, { in: 'query', pointer: 'colour', detail });
}

function invalid(detail: string, error: InputError): ProblemError {
  return new ProblemError('validation_failed', detail, { errors: [error] });
}

function problem(code: ProblemCode, detail: string, extra?: Record<string, unknown>): ProblemError {
  return new ProblemError(code, detail, extra === undefined ? {} : { extra });
}

const NO_LISTENER = 'there is no listener statsd; GET /v1/listeners (listenpost ls) lists those there are';
const NOT_FOUND: [path: RegExp, detail: string][] = [
  [/^\/v1\/listeners\/\{id\}/, NO_LISTENER],
  [/^\/v1\/sends\/\{id\}/, 'there is no send s_0000000001'],
  [/^\/problems\//, 'There is no error code no_such_code.'],
];

const TAKEN =
  'udp 127.0.0.1 port 2323 is in use by another program (EADDRINUSE); take another port, or 0 for any free one';
const FAR = '192.0.2.1 is not loopback; to allow it start the service with';
const WAITED = { items: [], next: '0', hasMore: false, satisfied: false, matched: 0, wanted: 1, nearMisses: [] };

const STRAY = problem('unmatched', 'A message came that no rule matched: seq 2 "HELO".', {
  unmatched: [{ seq: 2, listenerId: 'l_0000000001', kind: 'message', direction: 'in', text: 'HELO', unmatched: true }],
});

/** By operationId. */
const OWN: Record<string, ProblemError[]> = {
  createListener: [
    problem('bind_not_allowed', `${FAR} --allow-bind 192.0.2.1/32 (or a network, e.g. --allow-bind 10.0.0.0/8)`),
    problem('name_in_use', 'another listener has the name statsd'),
    problem('port_in_use', TAKEN),
  ],
  putListener: [
    problem('conflict', 'the listener differs in responder; ?replace=true changes it', { differs: ['responder'] }),
  ],
  listMessages: [problem('not_satisfied', '0 of 1 matched in time.', WAITED), STRAY],
  listAllMessages: [problem('not_satisfied', '0 of 1 matched in time.', WAITED), STRAY],
  verify: [STRAY],
  createSend: [
    problem('destination_not_allowed', `${FAR} --allow-send 192.0.2.1/32 (or a network, e.g. --allow-send 10.0.0.0/8)`),
    problem('unprocessable', NO_LISTENER),
  ],
  replay: [problem('unprocessable', NO_LISTENER)],
};
