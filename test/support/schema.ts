/** Checks answers against the schemas that are published for them. */
import type { Test } from 'tap';
import { buildValidator } from '../../src/http/validation.ts';
import { NAMED_SCHEMAS } from '../../src/schemas/index.ts';

type Validate = ((value: unknown) => boolean) & { errors?: unknown };

const named = Object.fromEntries(NAMED_SCHEMAS.map((schema) => [schema.$id!, schema]));
const compile = buildValidator(named, {} as never) as unknown as (route: object) => Validate;

export function validator(schema: object): Validate {
  return compile({ schema, httpPart: 'body' });
}

/** The value is what the named schema says. */
export function isA(t: Pick<Test, 'ok'>, name: string, value: unknown): void {
  const validate = validator({ $ref: `${name}#` });
  t.ok(validate(value), `${name}: ${JSON.stringify(validate.errors ?? null)?.slice(0, 2000)}`);
}
