/** Presets: responders that are there by name, with the parameters of each. */
import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox';
import { OneOf, strict } from './parts.ts';
import { PRESET_NAMES, type PresetName } from './preset-names.ts';

const MOST_RECORDS = 300;
export const DNS_TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SRV', 'TXT'] as const;
export const DNS_MISSING = ['nxdomain', 'servfail', 'refused', 'ignore'] as const;
const HOST_NAME = '^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$';
const SECONDS_MOST = 2_147_483_647;

const ttl = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: SECONDS_MOST, default: 60, description, examples: [60] }));

const DnsRecordSchema = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 253,
      description: 'The name that is asked for, in either case.',
      examples: ['api.example.test'],
    }),
    type: OneOf(DNS_TYPES, { description: 'The type of the record.', examples: ['A'] }),
    value: Type.String({
      maxLength: 4096,
      description: 'As in a zone file: `192.0.2.1`, `10 mail.example.test` (MX), `0 5 5060 sip.example.test` (SRV).',
      examples: ['127.0.0.1'],
    }),
    ttl: ttl('Seconds it may be kept.'),
  },
  { ...strict, description: 'A record.' },
);
export type DnsRecord = Static<typeof DnsRecordSchema>;

const DEFAULT_RECORDS: DnsRecord[] = [
  { name: 'example.test', type: 'A', value: '127.0.0.1' },
  { name: 'example.test', type: 'AAAA', value: '::1' },
];

/** The parameters of each preset; all may be left out. */
const PARAMETERS = {
  discard: {},
  echo: {},
  chargen: {
    lines: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 95,
        description: 'TCP: lines of 72 characters until the connection ends.',
        examples: [95],
      }),
    ),
  },
  daytime: {},
  time: {},
  qotd: {
    quotes: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 512 }), {
        minItems: 1,
        maxItems: 256,
        default: ['Trust is good; a captured message is better.'],
        description: 'What is said, in turn.',
        examples: [['Trust is good; a captured message is better.']],
      }),
    ),
  },
  upper: {
    strip: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'Strip white space around the message before it is upper-cased.',
        examples: [true],
      }),
    ),
  },
  threadName: {},
  syslogSink: {},
  statsdSink: {},
  dnsStatic: {
    records: Type.Optional(
      Type.Array(DnsRecordSchema, {
        maxItems: MOST_RECORDS,
        default: DEFAULT_RECORDS,
        description: 'What there is; records of one name and type are answered together.',
        examples: [DEFAULT_RECORDS],
      }),
    ),
    missing: Type.Optional(
      OneOf(DNS_MISSING, {
        default: 'nxdomain',
        description: 'What is said of other names; `ignore` says nothing.',
        examples: ['nxdomain'],
      }),
    ),
  },
  smtpSink: {
    hostname: Type.Optional(
      Type.String({
        pattern: HOST_NAME,
        default: 'listenpost.test',
        description: 'How the server calls itself.',
        examples: ['mail.example.test'],
      }),
    ),
    maxSize: Type.Optional(
      Type.Integer({
        minimum: 1024,
        maximum: 16_777_216,
        default: 10_485_760,
        description: 'Longest mail in bytes, told as SIZE; a longer one is refused with 552.',
        examples: [10_485_760],
      }),
    ),
    auth: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Offer AUTH PLAIN and LOGIN, and take any password.',
        examples: [false],
      }),
    ),
    reject: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 254 }), {
        maxItems: 100,
        default: [],
        description: 'Recipients that are refused with 550.',
        examples: [['nobody@example.test']],
      }),
    ),
  },
  ntp: {
    stratum: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 15,
        default: 1,
        description: 'Distance from the reference clock; 0 tells the client to go away (kiss of death).',
        examples: [1],
      }),
    ),
    reference: Type.Optional(
      Type.String({
        pattern: '^[ -~]{1,4}$',
        default: 'LOCL',
        description: 'Reference id, up to four characters; with stratum 0 the kiss code, e.g. RATE.',
        examples: ['LOCL'],
      }),
    ),
    offset: Type.Optional(
      Type.Integer({
        minimum: -4_000_000_000_000,
        maximum: 4_000_000_000_000,
        default: 0,
        description: 'How far the clock is wrong, in milliseconds; negative is behind.',
        examples: [1500],
      }),
    ),
  },
} as const satisfies Record<PresetName, TProperties>;

type Parameters = { [Name in PresetName]: TObject<(typeof PARAMETERS)[Name]> };
/** Parameters of a preset as they may be given. */
export type PresetParameters<Name extends PresetName> = Static<Parameters[Name]>;
type Filled<T> = { [Key in keyof T]-?: Exclude<T[Key], undefined> };
/** The same with every default filled in. */
export type FilledParameters<Name extends PresetName> = Filled<PresetParameters<Name>>;

/** A preset as a responder is asked for. */
export type PresetSpec = {
  [Name in PresetName]: { type: 'preset'; name: Name; with?: PresetParameters<Name> };
}[PresetName];

const use = (name: PresetName) =>
  Type.Object(
    {
      type: Type.Literal('preset'),
      name: Type.Literal(name, { description: 'The preset.' }),
      with: Type.Optional(Type.Object(PARAMETERS[name], { ...strict, description: 'Its parameters.' })),
    },
    { ...strict, title: `preset ${name}` },
  );

const type = Type.Literal('preset', { description: 'The kind of responder.' });
export const PresetResponder = Type.Unsafe<PresetSpec>({
  title: 'preset',
  description: 'A responder that is there by name, see `GET /v1/presets`; it is shown as what it stands for.',
  type: 'object',
  properties: { type },
  required: ['type', 'name'],
  discriminator: { propertyName: 'name' },
  oneOf: PRESET_NAMES.map(use),
});

/** JSON Schemas of the parameters of a preset, with their defaults. */
export function presetParameters(name: PresetName): Record<string, { default?: unknown }> {
  return PARAMETERS[name];
}
