/** What a listener answers. */
import { type Static, Type } from '@sinclair/typebox';

const strict = { additionalProperties: false } as const;

export const ResponderSchema = Type.Union(
  [
    Type.Object({ type: Type.Literal('none') }, { ...strict, title: 'none', description: 'Answers nothing.' }),
    Type.Object(
      { type: Type.Literal('echo') },
      { ...strict, title: 'echo', description: 'Answers each message with its own bytes.' },
    ),
    Type.Object(
      {
        type: Type.Literal('upper'),
        strip: Type.Optional(
          Type.Boolean({
            default: true,
            description: 'Strip white space around the message before it is upper-cased.',
          }),
        ),
      },
      { ...strict, title: 'upper', description: 'Answers each message in upper case (ASCII letters).' },
    ),
    Type.Object(
      {
        type: Type.Literal('reply'),
        text: Type.Optional(Type.String({ description: 'The answer as UTF-8 text.' })),
        hex: Type.Optional(
          Type.String({ description: 'The answer as hex digits; spaces, commas, colons and 0x are forgiven.' }),
        ),
        base64: Type.Optional(Type.String({ description: 'The answer as base64.' })),
        json: Type.Optional(Type.Unknown({ description: 'The answer as JSON, written compactly.' })),
        template: Type.Optional(
          Type.Boolean({
            default: false,
            description: 'Fill in {{text}}, {{thread}}, {{remote.address}}, {{n}} and the like.',
          }),
        ),
        times: Type.Optional(
          Type.Integer({
            minimum: 1,
            description: 'Answer only this many requests, counted over all bindings; then none.',
          }),
        ),
        delay: Type.Optional(
          Type.Union([Type.String(), Type.Integer({ minimum: 0 })], {
            description: 'Wait this long before answering: "50ms" or milliseconds.',
          }),
        ),
      },
      { ...strict, title: 'reply', description: 'Answers each message with a fixed or templated payload.' },
    ),
  ],
  { $id: 'Responder', description: 'What a listener answers.', default: { type: 'none' } },
);
export type Responder = Static<typeof ResponderSchema>;
