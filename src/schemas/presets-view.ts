/** Presets by the API. */
import { type Static, Type } from '@sinclair/typebox';
import { FramingSchema } from './framing.ts';
import { OneOf, Ref } from './parts.ts';
import { PRESET_NAMES } from './preset-names.ts';
import { ResponderSchema } from './responder.ts';

const PROTOCOLS = ['udp', 'tcp'] as const;
const PresetItem = Type.Object(
  {
    name: OneOf(PRESET_NAMES, { description: 'The preset.', examples: ['smtpSink'] }),
    description: Type.String({ description: 'What it does.', examples: ['Takes mail and keeps it.'] }),
    protocols: Type.Array(OneOf(PROTOCOLS), { description: 'Listeners that may use it.', examples: [['tcp']] }),
    protocol: OneOf(PROTOCOLS, { description: 'What `framing` and `responder` are for.', examples: ['tcp'] }),
    framing: Type.Optional(
      Ref(FramingSchema, { description: 'The framing of a listener that asks for none of its own.' }),
    ),
    with: Type.Record(Type.String(), Type.Object({}, { additionalProperties: true }), {
      description: 'Its parameters: a JSON Schema each, with `description` and `default`.',
      examples: [{ hostname: { type: 'string', default: 'listenpost.test' } }],
    }),
    responder: Ref(ResponderSchema, { description: 'What it stands for with these defaults, to be copied.' }),
  },
  { description: 'A preset.' },
);

export const PresetListSchema = Type.Object(
  { items: Type.Array(PresetItem, { description: 'In the order of the documentation.' }) },
  { $id: 'PresetList', description: 'Responders that are there by name.' },
);
export type PresetList = Static<typeof PresetListSchema>;
