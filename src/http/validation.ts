/**
 * Validation: unknown fields are refused, bodies are taken as they are, only query strings and paths (text by nature)
 * are coerced. What ajv says is put into plain words and names each input.
 */
import { AjvCompiler } from '@fastify/ajv-compiler';
import type { FastifyServerOptions } from 'fastify';
import { type InputError, ProblemError } from '../errors.ts';
import { pointerToken } from '../json/pointer.ts';
import { nearest } from '../nearest.ts';
import { keyWords, patternWords } from './pattern-words.ts';
import { sourceTextKeyword } from './source-text.ts';

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
  /** What was given. */
  data?: unknown;
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
  // A third of the time to compile, and V8 finds by itself what it would have saved.
  code: { optimize: false },
} as const;

type Route = { httpPart?: string };
type Validator = { (data: unknown): unknown; errors?: unknown };
type Compile = (route: Route) => Validator;

const compilers = AjvCompiler();

/** Builds one ajv for bodies and one for the rest, each when the first request needs it. */
export const buildValidator = ((schemas: Parameters<typeof compilers>[0]) => {
  const build = (options: object) =>
    once(() => compilers(schemas, { customOptions: { ...OPTIONS, useDefaults: false, ...options } }) as Compile);
  const strict = build({ keywords: [sourceTextKeyword], coerceTypes: false });
  const coercing = build({ coerceTypes: 'array' });
  return (route: Route) => compiledAtFirstUse(route.httpPart === 'body' ? strict : coercing, route);
}) as unknown as BuildValidator;

/** All schemas together take longer to compile than the rest of the start; most processes need few of them. */
function compiledAtFirstUse(compiler: () => Compile, route: Route): Validator {
  const compiled = once(() => compiler()(route));
  const validate: Validator = (data) => {
    const validator = compiled();
    const valid = validator(data);
    validate.errors = validator.errors;
    return valid;
  };
  return validate;
}

/** What `make` returned the first time. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

type Part = keyof typeof PLACES;

/** What ajv found in one part of a request, in plain words. */
export function inputErrors(errors: readonly unknown[], part: Part): InputError[] {
  return (errors as AjvError[]).filter(isOwnError).map((error) => inputError(error, PLACES[part]));
}

/** A 400 out of it. */
export const formatErrors: ErrorFormatter = (errors, part) => {
  const named = inputErrors(errors, part as Part).slice(0, ERRORS_AT_MOST);
  const detail = named.map(({ pointer, detail }) => `${pointer === '' ? 'The body' : pointer} ${detail}`).join('; ');
  return new ProblemError('validation_failed', `${detail}.`, { errors: named });
};

const PLACES = { body: 'body', querystring: 'query', params: 'path', headers: 'header' } as const;

function inputError(error: AjvError, where: InputError['in']): InputError {
  const path = error.instancePath + memberOf(error);
  const pointer = where === 'body' ? path : (path.split('/')[1] ?? '');
  return { in: where, pointer, detail: plainWords(error, where) };
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
  return member === undefined ? '' : `/${pointerToken(member)}`;
}

function plainWords(error: AjvError, where: InputError['in']): string {
  const say = WORDS[error.keyword];
  if (say === undefined) return error.message ?? 'is not valid';
  const words = say(error.params, error.parentSchema ?? {}, where, error.data);
  return error.keyword === 'maxProperties' && isItem(error) ? `${words}; give each an object of its own` : words;
}

/** It stands in a list, which can take more of its kind. */
function isItem({ instancePath }: AjvError): boolean {
  return /\/\d+$/.test(instancePath);
}

type Say = (
  params: Record<string, unknown>,
  schema: Record<string, unknown>,
  place: InputError['in'],
  data: unknown,
) => string;
const WORDS: Record<string, Say> = {
  additionalProperties: ({ additionalProperty }, schema, place) =>
    unknownMember(`${additionalProperty}`, schema, place),
  required: ({ missingProperty }, schema, _place, data) => `is required${misspelt(`${missingProperty}`, schema, data)}`,
  type: ({ type }, schema) => `must be ${article([type].flat().join(' or '))}${exampleOf(schema)}`,
  enum: ({ allowedValues }, _schema, _place, data) => oneOf(allowedValues as unknown[], data),
  const: ({ allowedValue }) => `must be ${allowedValue}`,
  discriminator: ({ tagValue }, schema) => oneOf(tagsOf(schema), tagValue),
  pattern: ({ pattern }, { examples }) => patternWords(pattern as string, (examples as unknown[] | undefined)?.[0]),
  minimum: ({ limit }) => `must be at least ${limit}`,
  maximum: ({ limit }) => `must be at most ${limit}`,
  exclusiveMinimum: ({ limit }) => `must be more than ${limit}`,
  minLength: ({ limit }) => (limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`),
  maxLength: ({ limit }) => `must have at most ${limit} characters`,
  minItems: ({ limit }, schema) =>
    limit === 1 ? `must not be empty${exampleOf(schema)}` : `must have at least ${limit} items`,
  maxItems: ({ limit }) => `must have at most ${limit} items`,
  minProperties: ({ limit }, schema) =>
    limit === 1 ? `must not be empty${exampleOf(schema)}` : `must have at least ${limit} members`,
  maxProperties: ({ limit }, _schema, _place, data) =>
    limit === 1
      ? `takes one member, not ${Object.keys(data as object).join(' and ')}`
      : `must have at most ${limit} members`,
};

type Holder = { properties?: object; items?: Holder };

/** What an object may hold, or each object of a list. */
function membersOf({ properties, items = {} }: Holder): object {
  return properties ?? items.properties ?? {};
}

function unknownMember(name: string, schema: Record<string, unknown>, place: InputError['in']): string {
  if (schema.patternProperties !== undefined) return keyWords(Object.keys(schema.patternProperties as object));
  const properties = (schema.properties ?? {}) as Record<string, Holder>;
  const known = Object.keys(properties);
  const what = place === 'body' ? 'field' : 'parameter';
  if (known.length === 0) return `is not a ${what} here, there are none`;
  const inside = known.find((each) => Object.hasOwn(membersOf(properties[each]!), name));
  if (inside !== undefined) return `is not a ${what} here; it belongs in ${inside}`;
  if (name === 'true' && known.includes('on')) return 'is `on`, which YAML 1.1 reads as true: put it in quotes';
  const meant = nearest(name, known);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return `is not a ${what} here${hint}${hint === '' ? '; known' : ' Known'} are ${known.join(', ')}`;
}

/** A union that lacks its tag looks at no other member, so a misspelt tag is told here. */
function misspelt(name: string, { discriminator }: Record<string, unknown>, data: unknown): string {
  if (discriminator === undefined) return '';
  const given = nearest(name, Object.keys(data as object));
  return given === undefined ? '' : `; did you mean ${name} by ${given}?`;
}

/** Objects and lists are shown, so that nobody has to guess their inside. */
function exampleOf(schema: Record<string, unknown>): string {
  const types = [schema.type].flat();
  if (!types.includes('object') && !types.includes('array')) return '';
  const [example = memberExample(schema)] = (schema.examples ?? []) as unknown[];
  return example === undefined ? '' : `, e.g. ${JSON.stringify(example)}`;
}

/** An object with the first field that has an example. */
function memberExample({ properties = {} }: { properties?: Record<string, { examples?: unknown[] }> }): unknown {
  const [name, shown] = Object.entries(properties).find(([, { examples }]) => examples !== undefined) ?? [];
  return name === undefined ? undefined : { [name]: shown!.examples![0] };
}

function tagsOf(schema: Record<string, unknown>): string[] {
  const { propertyName } = schema.discriminator as { propertyName: string };
  const members = schema.oneOf as { properties: Record<string, { const: string }> }[];
  return members.map(({ properties }) => properties[propertyName]!.const);
}

/** Of this many, one that was nearly given is found by eye. */
const FEW = 6;

function oneOf(known: readonly unknown[], given: unknown): string {
  const words = known.map(shownValue);
  const meant = typeof given === 'string' && known.length > FEW ? nearest(given, words) : undefined;
  return `must be one of ${words.join(', ')}${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

/** Characters that are not seen are shown as JSON writes them. */
function shownValue(value: unknown): string {
  return /\p{Cc}/u.test(`${value}`) ? JSON.stringify(value) : `${value}`;
}

function article(type: string): string {
  return /^[aio]/.test(type) ? `an ${type}` : type === 'null' ? type : `a ${type}`;
}
