/** Errors as they are published (RFC 9457). */
import { Type } from '@sinclair/typebox';
import { OneOf } from './parts.ts';

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: '`/problems/<code>`.', examples: ['/problems/not_found'] }),
    title: Type.String({ description: 'The kind of error in words.', examples: ['Not found'] }),
    status: Type.Integer({ description: 'HTTP status.', examples: [404] }),
    detail: Type.String({ description: 'This error in words.', examples: ['There is no listener statsd.'] }),
    instance: Type.String({ description: 'The path that was asked for.', examples: ['/v1/listeners/statsd'] }),
    code: Type.String({ description: 'Stable code.', examples: ['not_found'] }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          in: OneOf(['body', 'query', 'path', 'header'], { description: 'Where it came in.', examples: ['body'] }),
          pointer: Type.String({
            description: 'JSON pointer into the body, or the name of the parameter.',
            examples: ['/port'],
          }),
          detail: Type.String({ description: 'What is wrong with it.', examples: ['must be at most 65535'] }),
        }),
        { description: 'Each wrong input.' },
      ),
    ),
  },
  { $id: 'Problem', description: 'An error (RFC 9457).' },
);

export const ProblemKindSchema = Type.Object(
  {
    code: Type.String({ description: 'Stable code.', examples: ['not_found'] }),
    status: Type.Integer({ description: 'HTTP status it comes with.', examples: [404] }),
    title: Type.String({ description: 'The kind of error in words.', examples: ['Not found'] }),
  },
  { $id: 'ProblemKind', description: 'What an error code means.' },
);
