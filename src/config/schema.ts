/**
 * The JSON Schema of a configuration file, in one piece so that an editor can complete it: settings of the process by
 * the names of their flags, and listeners as POST takes them. Written to openapi/listenpost.schema.json.
 */

import { NAMED_SCHEMAS } from '../schemas/index.ts';
import { ListenerSpecSchema } from '../schemas/listener.ts';
import { SOURCE_TEXT } from '../schemas/parts.ts';
import { BYTES_PATTERN, PORTS_PATTERN, WHOLE_PATTERN } from '../schemas/units.ts';
import { type Form, SETTINGS, type Setting } from './config.ts';

type Schema = Record<string, unknown>;

/** Settings that a file may hold; a secret does not belong into one. */
export const FILE_SETTINGS = Object.keys(SETTINGS).filter((name) => name !== 'token');

/** Schemas that a listener's spec refers to. */
const PARTS = new Set(['Responder', 'Framing', 'Capture', 'Rule', 'RuleAction', 'When', 'Match']);

export function configurationSchema(): Schema {
  const listener = plain(ListenerSpecSchema);
  const settings = FILE_SETTINGS.map((name) => [name, settingSchema(name, SETTINGS[name as keyof typeof SETTINGS])]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Listenpost configuration',
    description: 'listenpost serve --config FILE',
    examples: [{ listeners: [{ name: 'statsd', protocol: 'udp' }] }],
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
    key === '$ref' ? `#/definitions/${String(value).replace('#', '')}` : key === SOURCE_TEXT ? undefined : value,
  );
  return JSON.parse(text) as Schema;
}

/** A setting without what only the command line needs. In a file it may be written as on the command line. */
function settingSchema(name: string, { form, description, default: byDefault, ...setting }: Setting): Schema {
  const { type, ...rules } = FORMS[form](setting);
  const types = byDefault === null ? [type, 'null'].flat() : type;
  const hasDefault = byDefault !== null && !DEPENDS_ON_MACHINE.has(name);
  return { type: types, ...rules, description, ...(hasDefault ? { default: byDefault } : {}) };
}

/** The number of cores. */
const DEPENDS_ON_MACHINE = new Set(['threads']);

type Rules = Pick<Setting, 'choices' | 'minimum' | 'maximum'>;

const FORMS: Record<Form, (setting: Rules) => Schema> = {
  text: ({ choices: words }) => ({ type: 'string', ...(words === undefined ? { minLength: 1 } : { enum: words }) }),
  integer: (setting) => ({ type: ['integer', 'string'], ...rangeOf(setting), pattern: WHOLE_PATTERN }),
  bytes: (setting) => ({ type: ['integer', 'string'], ...rangeOf(setting), pattern: BYTES_PATTERN }),
  list: () => ({ type: ['array', 'string'], items: { type: 'string', minLength: 1 } }),
  cidrs: () => ({ type: ['array', 'string'], items: { type: 'string', minLength: 1 } }),
  ports: () => ({ type: 'string', pattern: PORTS_PATTERN }),
};

/** Of a number. Text is judged when the setting is read. */
function rangeOf({ minimum, maximum }: Rules): Schema {
  return { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
}
