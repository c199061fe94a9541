/** What every answer must be: as the document declares it, whatever was asked. Says what is wrong with one, or nothing. */
import { PROBLEMS, type ProblemCode } from '../../src/errors.ts';
import { buildValidator } from '../../src/http/validation.ts';
import { type Document, type Operation, operationAt, operationsOf, pathOf } from './document.ts';
import type { GeneratedRequest } from './requests.ts';

export type GeneratedAnswer = { status: number; headers: Record<string, string>; body: Buffer };
type Validate = ((value: unknown) => boolean) & { errors?: unknown };

const compile = buildValidator({}, {} as never) as unknown as (route: object) => Validate;

const ISOLATED = { 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' };
/** Pages and their parts are not in the document. */
const PAGES = /^\/+(docs(\/.*)?)?$/;

export class Answers {
  readonly #operations: Operation[];
  readonly #components: Document['components'];
  readonly #validators = new Map<string, Validate>();

  constructor(document: Document) {
    this.#operations = operationsOf(document);
    this.#components = document.components;
  }

  /** Undefined when all is well. */
  wrong(request: Pick<GeneratedRequest, 'method' | 'url'>, answer: GeneratedAnswer): string | undefined {
    const { method, url } = request;
    const { status, headers } = answer;
    if (status >= 500) return `${status}`;
    for (const [name, value] of Object.entries(ISOLATED)) if (headers[name] !== value) return `no ${name}`;
    if (status === 405 && headers.allow === undefined) return 'a 405 without Allow';
    if ((status === 429 || status === 503) && headers['retry-after'] === undefined)
      return `a ${status} without Retry-After`;
    if (status >= 400) return this.#wrongProblem(request, answer);
    if (PAGES.test(pathOf(url)) || method === 'OPTIONS') return undefined;
    const operation = operationAt(this.#operations, method, url);
    if (operation === undefined) return `${status} where the document knows nothing`;
    return this.#undeclared(operation, method, answer);
  }

  #undeclared({ operationId, responses }: Operation, method: string, { status, headers, body }: GeneratedAnswer) {
    const declared = responses[status];
    if (declared === undefined) return `${operationId} does not declare ${status}`;
    const types = Object.keys(declared.content ?? {});
    const type = headers['content-type']?.split(';', 1)[0];
    if (types.length === 0) return body.length > 0 ? `${operationId} ${status} has a body` : undefined;
    if (type === undefined || !types.includes(type)) return `${operationId} declares ${types}, not ${type}`;
    if (method === 'HEAD') return body.length > 0 ? 'a body after HEAD' : undefined;
    const { $ref } = declared.content![type]!.schema;
    return $ref === undefined ? undefined : this.#invalid($ref, body);
  }

  /** Every error is a problem document whose code and status belong together, at this very path. */
  #wrongProblem({ method, url }: Pick<GeneratedRequest, 'method' | 'url'>, { status, headers, body }: GeneratedAnswer) {
    if (!headers['content-type']?.startsWith('application/problem+json'))
      return `a ${status} that is no problem document`;
    if (method === 'HEAD') return undefined;
    const invalid = this.#invalid('#/components/schemas/Problem', body);
    if (invalid !== undefined) return invalid;
    const { code, status: stated, instance } = JSON.parse(body.toString());
    if (stated !== status || PROBLEMS[code as ProblemCode]?.status !== status)
      return `${code} and ${stated} in a ${status}`;
    return pathOf(instance) === pathOf(url) || instance === '/' ? undefined : `instance ${instance}`;
  }

  #invalid(ref: string, body: Buffer): string | undefined {
    const validate = this.#validators.get(ref) ?? validatorOf({ $ref: ref, components: this.#components });
    this.#validators.set(ref, validate);
    try {
      if (validate(JSON.parse(body.toString()))) return undefined;
    } catch (error) {
      return `not JSON: ${error}`;
    }
    return `${ref}: ${JSON.stringify(validate.errors).slice(0, 400)}`;
  }
}

function validatorOf(schema: object): Validate {
  return compile({ schema, httpPart: 'body' });
}
