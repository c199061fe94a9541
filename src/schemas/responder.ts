/** What a listener answers. */
import { type Static, Type } from '@sinclair/typebox';
import { Duration, PayloadFields, rawField, strict, Tagged } from './parts.ts';
import { PresetResponder } from './presets.ts';
import { RulesResponder } from './rules.ts';

const None = Type.Object(
  { type: Type.Literal('none', { description: 'The kind of responder.' }) },
  { ...strict, title: 'none', description: 'Answers nothing.' },
);
const Echo = Type.Object(
  { type: Type.Literal('echo', { description: 'The kind of responder.' }) },
  { ...strict, title: 'echo', description: 'Answers each message with its own bytes.' },
);
const Upper = Type.Object(
  {
    type: Type.Literal('upper', { description: 'The kind of responder.' }),
    strip: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'Strip white space around the message before it is upper-cased.',
        examples: [true],
      }),
    ),
  },
  { ...strict, title: 'upper', description: 'Answers each message in upper case (ASCII letters).' },
);
const Reply = Type.Object(
  {
    type: Type.Literal('reply', { description: 'The kind of responder.' }),
    ...PayloadFields,
    raw: rawField,
    template: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Fill in {{text}}, {{n}}, {{remote.address}}, {{len16be}} and the like in text, json or hex.',
        examples: [false],
      }),
    ),
    times: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Answer only this many requests, counted over all bindings; then none.',
        examples: [1],
      }),
    ),
    delay: Type.Optional(Duration({ description: 'Wait this long before answering.', examples: ['50ms'] })),
  },
  { ...strict, title: 'reply', description: 'Answers each message with a fixed or templated payload.' },
);

/** Inside the program a JSON payload is carried as text, see payload.ts. */
type Textual<T> = T extends { type: 'reply' } ? T & { jsonText?: string } : T;

const Responders = Tagged([None, Echo, Upper, Reply, RulesResponder, PresetResponder], {
  $id: 'Responder',
  description: 'What a listener answers.',
  examples: [{ type: 'echo' }],
});
export const ResponderSchema = Type.Unsafe<Textual<Static<typeof Responders>>>(Responders);
export type Responder = Static<typeof ResponderSchema>;
/** A responder once presets have become what they stand for: what is kept, shown and compiled. */
export type PlainResponder = Exclude<Responder, { type: 'preset' }>;
