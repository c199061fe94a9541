/** The parts that the schemas of all operations share. */
import { Type } from '@sinclair/typebox';
import { Ref } from '../schemas/parts.ts';
import { ProblemSchema } from '../schemas/problem.ts';

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Ref(ProblemSchema) } },
});

type Responses = Record<number, unknown>;

/** The responses of an operation: its own, and else problem documents. A range such as `4XX` is more than generators know. */
export function responses(own: Responses): Record<string, unknown> {
  return { ...own, default: problem('It was not served, and why.') };
}

/** An answer of JSON under a named schema. */
export function jsonContent(schema: Parameters<typeof Ref>[0], description: string) {
  return { description, content: { 'application/json': { schema: Ref(schema) } } };
}

/** An answer of another type. */
export function content(type: string, description: string) {
  return { description, content: { [type]: { schema: Type.String() } } };
}

/** An answer without a body. */
export function empty(description: string) {
  return { description, type: 'null' };
}

/** `:id` of a listener: its id or name. */
export const listenerParams = {
  id: Type.String({ description: 'Id or name of the listener.', examples: ['statsd'] }),
};
export const ListenerParams = Type.Object(listenerParams);
