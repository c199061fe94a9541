/**
 * The JSON Schema of a configuration file, in one piece so that an editor can complete it: settings of the process by
 * the names of their flags, and listeners as POST takes them. Written to openapi/listenpost.schema.json.
 */
import { ConfigSchema } from '../config.ts';
import { NAMED_SCHEMAS } from '../schemas/index.ts';
import { ListenerSpecSchema } from '../schemas/listener.ts';

type Schema = Record<string, unknown>;

/** Settings that a file may hold; a secret does not belong into one. */
export const FILE_SETTINGS = Object.keys(ConfigSchema.properties).filter((name) => name !== 'token');

/** Schemas that a listener's spec refers to. */
const PARTS = new Set(['Responder', 'Framing', 'Capture']);

export function configurationSchema(): Schema {
  const listener = plain(ListenerSpecSchema);
  const settings = FILE_SETTINGS.map((name) => [name, settingSchema(plain(ConfigSchema.properties)[name] as Schema)]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Listenpost configuration',
    description: 'listenpost serve --config FILE',
    type: 'object',
    additionalProperties: false,
    properties: {
      settings: {
        type: 'object',
        additionalProperties: false,
        description:
          'Settings of the process, by the names of their flags in camel case. Flags and environment beat them.',
        properties: Object.fromEntries(settings),
      },
      listeners: {
        type: 'array',
        description:
          'Listeners that are there from the start. Their names tell them apart when the file is read again.',
        items: { ...listener, $id: undefined, required: ['protocol', 'name'] },
      },
    },
    definitions: Object.fromEntries(
      NAMED_SCHEMAS.filter(isPart).map((schema) => [schema.$id, { ...plain(schema), $id: undefined }]),
    ),
  };
}

function isPart({ $id }: { $id?: string }): boolean {
  return $id !== undefined && PARTS.has($id);
}

/** As JSON, with references into the document itself. */
function plain(schema: unknown): Schema {
  const text = JSON.stringify(schema, (key, value) =>
    key === '$ref' ? `#/definitions/${String(value).replace('#', '')}` : value,
  );
  return JSON.parse(text) as Schema;
}

/** A setting without what only the command line needs. In a file it may be written as on the command line. */
function settingSchema({ description, default: byDefault, type }: Schema): Schema {
  const types =
    type === 'integer' ? ['integer', 'string'] : type === 'array' ? ['array', 'string'] : ['string', 'null'];
  return { type: types, description, ...(byDefault === null ? {} : { default: byDefault }) };
}
