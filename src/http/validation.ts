/**
 * Validation: unknown fields are refused, bodies are taken as they are, only query strings and paths (text by nature)
 * are coerced. What ajv says is put into plain words and names each input.
 */
import { AjvCompiler } from '@fastify/ajv-compiler';
import type { FastifyServerOptions } from 'fastify';
import { type InputError, ProblemError } from '../errors.ts';
import { NAME_PATTERN, REF_PATTERN } from '../schemas/listener.ts';
import { BYTES_PATTERN, DURATION_PATTERN } from '../schemas/units.ts';

type Compilers = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;
type BuildValidator = NonNullable<Compilers['buildValidator']>;
type ErrorFormatter = NonNullable<FastifyServerOptions['schemaErrorFormatter']>;
/** An error of ajv with `verbose`, which gives the schema that was not met. */
type AjvError = {
  keyword: string;
  instancePath: string;
  params: Record<string, unknown>;
  message?: string;
  parentSchema?: Record<string, unknown>;
};

/** More errors than these help nobody. */
const ERRORS_AT_MOST = 20;
const OPTIONS = {
  removeAdditional: false,
  allErrors: true,
  verbose: true,
  discriminator: true,
  allowUnionTypes: true,
  strict: false,
} as const;

const compilers = AjvCompiler();

/** Builds one ajv for bodies and one for the rest. */
export const buildValidator = ((schemas: Parameters<typeof compilers>[0]) => {
  const strict = compilers(schemas, { customOptions: { ...OPTIONS, coerceTypes: false, useDefaults: false } });
  const coercing = compilers(schemas, { customOptions: { ...OPTIONS, coerceTypes: 'array', useDefaults: false } });
  return (route: { httpPart?: string }) => (route.httpPart === 'body' ? strict : coercing)(route);
}) as BuildValidator;

/** A 400 out of what ajv found in one part of a request. */
export const formatErrors: ErrorFormatter = (errors, part) => {
  const place = PLACES[part];
  const found = (errors as AjvError[]).filter(isOwnError).map((error) => inputError(error, place));
  const named = found.slice(0, ERRORS_AT_MOST);
  const detail = named.map(({ pointer, detail }) => `${pointer === '' ? 'The body' : pointer} ${detail}`).join('; ');
  return new ProblemError('validation_failed', `${detail}.`, { errors: named });
};

const PLACES = { body: 'body', querystring: 'query', params: 'path', headers: 'header' } as const;

function inputError(error: AjvError, place: InputError['in']): InputError {
  const path = error.instancePath + memberOf(error);
  const pointer = place === 'body' ? path : (path.split('/')[1] ?? '');
  return { in: place, pointer, detail: plainWords(error, place) };
}

/** Errors that only repeat another one: the missing tag of a union is reported as required. */
function isOwnError({ keyword, params }: AjvError): boolean {
  return !(keyword === 'discriminator' && params.tagValue === undefined) && keyword !== 'oneOf';
}

/** The member that an error of an object is about. */
function memberOf({ keyword, params }: AjvError): string {
  const member = {
    additionalProperties: params.additionalProperty,
    required: params.missingProperty,
    discriminator: params.tag,
  }[keyword] as string | undefined;
  return member === undefined ? '' : `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function plainWords(error: AjvError, place: InputError['in']): string {
  const say = WORDS[error.keyword];
  return say === undefined ? (error.message ?? 'is not valid') : say(error.params, error.parentSchema ?? {}, place);
}

type Say = (params: Record<string, unknown>, schema: Record<string, unknown>, place: InputError['in']) => string;
const WORDS: Record<string, Say> = {
  additionalProperties: (_params, schema, place) => unknownMember(schema, place),
  required: () => 'is required',
  type: ({ type }) => `must be ${article([type].flat().join(' or '))}`,
  enum: ({ allowedValues }) => `must be one of ${(allowedValues as unknown[]).join(', ')}`,
  const: ({ allowedValue }) => `must be ${allowedValue}`,
  discriminator: (_params, schema) => `must be one of ${tagsOf(schema).join(', ')}`,
  pattern: ({ pattern }) => PATTERNS[pattern as string] ?? `must match ${pattern}`,
  minimum: ({ limit }) => `must be at least ${limit}`,
  maximum: ({ limit }) => `must be at most ${limit}`,
  exclusiveMinimum: ({ limit }) => `must be more than ${limit}`,
  minLength: ({ limit }) => (limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`),
  maxLength: ({ limit }) => `must have at most ${limit} characters`,
  minItems: ({ limit }) => `must have at least ${limit} items`,
  maxItems: ({ limit }) => `must have at most ${limit} items`,
  minProperties: ({ limit }) => `must have at least ${limit} members`,
};

const NAME =
  "must be 1 to 63 letters, digits, `.`, `_` or `-`, begin with a letter or digit, and not have an id's form";
const PATTERNS: Record<string, string> = {
  [DURATION_PATTERN]: 'must be a duration such as "500ms", "5s", "2m", "1h", or milliseconds',
  [BYTES_PATTERN]: 'must be a size such as 65536, "64KiB", "1MiB", "1GiB"',
  [NAME_PATTERN]: NAME,
  [REF_PATTERN]: NAME,
};

function unknownMember(schema: Record<string, unknown>, place: InputError['in']): string {
  if (schema.patternProperties !== undefined) return 'is not a valid key';
  const known = Object.keys((schema.properties ?? {}) as object);
  const what = place === 'body' ? 'field' : 'parameter';
  return known.length === 0
    ? `is not a ${what} here, there are none`
    : `is not a ${what} here; known are ${known.join(', ')}`;
}

function tagsOf(schema: Record<string, unknown>): string[] {
  const { propertyName } = schema.discriminator as { propertyName: string };
  const members = schema.oneOf as { properties: Record<string, { const: string }> }[];
  return members.map(({ properties }) => properties[propertyName]!.const);
}

function article(type: string): string {
  return /^[aio]/.test(type) ? `an ${type}` : type === 'null' ? type : `a ${type}`;
}
