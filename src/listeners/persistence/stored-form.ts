/**
 * StoredForm: the text that is kept of a listener, with a version of its own, checked against its schema when it is read
 * back. A text without a version is of version 1: builds before this one named none.
 */
import { Type } from '@sinclair/typebox';
import { Ajv, type ValidateFunction } from 'ajv';
import { FramingSchema } from '../../schemas/framing.ts';
import { CaptureSchema, type FullSpec, ListenerSpecSchema } from '../../schemas/listener.ts';
import { MatchSchema } from '../../schemas/match.ts';
import { strict } from '../../schemas/parts.ts';
import { ResponderSchema } from '../../schemas/responder.ts';
import { withPublishedJson } from '../../schemas/responder-json.ts';
import { RuleActionSchema } from '../../schemas/rule-action.ts';
import { RuleSchema } from '../../schemas/rules.ts';
import { WhenSchema } from '../../schemas/when.ts';

export const STORED_VERSION = 1;

/** What is kept of a listener beside its counters. */
export type StoredForm = {
  spec: FullSpec;
  createdAt: string;
  /** The port that 0 stands for, 0 when none was given. */
  keptPort: number;
  /** Its place among all listeners, by creation. */
  order: number;
  completed: boolean;
};

const StoredSchema = Type.Object(
  {
    version: Type.Optional(Type.Integer()),
    spec: Type.Unsafe<FullSpec>({ $ref: 'ListenerSpec#' }),
    createdAt: Type.String(),
    keptPort: Type.Integer({ minimum: 0, maximum: 65_535 }),
    order: Type.Number(),
    completed: Type.Boolean(),
  },
  strict,
);
const REFERENCES = [
  ListenerSpecSchema,
  CaptureSchema,
  ResponderSchema,
  FramingSchema,
  RuleSchema,
  RuleActionSchema,
  WhenSchema,
  MatchSchema,
];
let compiled: ValidateFunction | undefined;

export function formatStored(form: StoredForm): string {
  return JSON.stringify({ version: STORED_VERSION, ...form });
}

/** Throws an Error of one line for a text of a newer version, and for one that is not what the schema says. */
export function parseStored(text: string): StoredForm {
  const { version = 1, ...form } = JSON.parse(text) as StoredForm & { version?: number };
  if (version !== STORED_VERSION)
    throw new Error(`its spec is stored as version ${version}, and this build reads version ${STORED_VERSION}`);
  compiled ??= compile();
  if (compiled(publicForm(form))) return form;
  const [first] = compiled.errors ?? [];
  throw new Error(`its stored spec is not valid: ${first?.instancePath} ${first?.message}`);
}

/** Made when the first text is read, for a service that keeps nothing needs none of it. */
function compile(): ValidateFunction {
  const ajv = new Ajv({ strict: false, discriminator: true, allowUnionTypes: true });
  return ajv.addSchema(REFERENCES).compile(StoredSchema);
}

/** The spec in its published form: inside the program JSON is carried as text. */
function publicForm({ spec, ...rest }: Omit<StoredForm, 'version'>): object {
  const responder = spec?.responder;
  if (responder?.type !== 'reply' && responder?.type !== 'rules') return { spec, ...rest };
  return { ...rest, spec: { ...spec, responder: withPublishedJson(responder, () => null) } };
}
