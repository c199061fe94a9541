/**
 * A name server of a few fixed records (RFC 1035): a rule for each name and type, one for what a name has not, and one for
 * names that there are none of.
 */
import type { Match } from '../schemas/match.ts';
import type { DnsRecord } from '../schemas/presets.ts';
import { MOST_RULES } from '../schemas/rule-names.ts';
import type { Rule } from '../schemas/rules.ts';
import { canonicalName, nameBytes, RecordError, recordData, TYPE_NUMBERS } from './dns-records.ts';
import { BOTH, type Preset, PresetError } from './preset.ts';

const HEADER = 12;
/** Behind the name: type and class IN. */
const AFTER_NAME = 4;
/** A standard query (neither response nor another opcode) with one question. */
const QUERY: Match[] = [
  { field: { at: 2, as: 'u16be', mask: 0xf800, equals: 0 } },
  { field: { at: 4, as: 'u16be', equals: 1 } },
];
/** The question of any name: a name has no zero but at its end. */
const QUESTION = '(?s)^.{12}([^\\x00]*\\x00.{4})';
const CLASS_IN = 1;
const CODES = { none: 0, servfail: 2, nxdomain: 3, refused: 5 } as const;
/** Names that stand for each other in a row. */
const LONGEST_CHAIN = 8;
const DEFAULT_TTL = 60;
const LONGEST_RULE_NAME = 63;

type Zone = ReadonlyMap<string, ReadonlyMap<DnsRecord['type'], readonly Buffer[]>>;

export const dnsStatic: Preset<'dnsStatic'> = {
  description: 'Answers DNS queries out of a list of records; other names do not exist.',
  protocols: BOTH,
  expand({ records, missing }) {
    const zone = zoneOf(records);
    const targets = new Map(
      records.filter(({ type }) => type === 'CNAME').map(({ name, value }) => [key(name), key(value)]),
    );
    const known = [...zone.keys()].flatMap((name) => rulesOf(name, zone, targets));
    const rules =
      missing === 'ignore'
        ? known
        : [...known, rule('no-such-name', { all: QUERY, hex: { regex: QUESTION } }, '{{match.1}}', missing, [])];
    if (rules.length > MOST_RULES)
      throw new PresetError('/with/records', `would need ${rules.length} rules, and ${MOST_RULES} are the most`);
    return {
      framing: { type: 'length', size: 2 },
      responder: { type: 'rules', seed: 0, fields: { rd: { at: 2, as: 'u8', mask: 1 } }, rules },
    };
  },
};

const key = canonicalName;

/** Records on the wire by name and type. */
function zoneOf(records: readonly DnsRecord[]): Zone {
  const zone = new Map<string, Map<DnsRecord['type'], Buffer[]>>();
  for (const [i, { name, type, value, ttl = DEFAULT_TTL }] of records.entries()) {
    const owner = checked(`/with/records/${i}/name`, () => nameBytes(name));
    const data = checked(`/with/records/${i}/value`, () => recordData(type, value));
    const sets = zone.get(key(name)) ?? new Map<DnsRecord['type'], Buffer[]>();
    zone.set(key(name), sets.set(type, [...(sets.get(type) ?? []), onWire(owner, type, ttl, data)]));
  }
  return zone;
}

function onWire(owner: Buffer, type: DnsRecord['type'], ttl: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(TYPE_NUMBERS[type], 0);
  head.writeUInt16BE(CLASS_IN, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, head, data]);
}

function checked<T>(pointer: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof RecordError) throw new PresetError(pointer, error.message);
    throw error;
  }
}

/** Of one name: each type it has, also by way of a CNAME, then any other, of which it has none. */
function rulesOf(name: string, zone: Zone, targets: ReadonlyMap<string, string>): Rule[] {
  const chain: Buffer[] = [];
  let end = name;
  for (let i = 0; i < LONGEST_CHAIN && targets.has(end); i++) {
    chain.push(...zone.get(end)!.get('CNAME')!);
    end = targets.get(end)!;
  }
  const sets = [...(zone.get(end) ?? [])].filter(([type]) => type !== 'CNAME');
  const asked = nameBytes(name);
  const of = (type: DnsRecord['type'], answers: readonly Buffer[]) => {
    const question = Buffer.concat([asked, Buffer.of(0, TYPE_NUMBERS[type], 0, CLASS_IN)]);
    return rule(`${type}.${name}`, asksFor(question, asked), questionOf(asked), 'none', answers);
  };
  return [
    ...sets.map(([type, records]) => of(type, [...chain, ...records])),
    ...(chain.length === 0 ? [] : [of('CNAME', chain.slice(0, 1))]),
    rule(`other.${name}`, asksFor(asked, asked), questionOf(asked), 'none', chain),
  ];
}

/** The name is there in either case, and ends where this one does: so it is no longer one that ends like it. */
function asksFor(question: Buffer, name: Buffer): Match {
  const end: Match = { field: { at: HEADER + name.length - 1, as: 'u8', equals: 0 } };
  return { all: [...QUERY, end, { text: { contains: question.toString('latin1'), ignoreCase: true } }] };
}

/** Comes back as it was asked, upper case and all. */
function questionOf(name: Buffer): string {
  return `{{bytes ${HEADER} +${name.length + AFTER_NAME}}}`;
}

function rule(name: string, when: Match, question: string, code: keyof typeof CODES, answers: readonly Buffer[]): Rule {
  const count = answers.length.toString(16).padStart(4, '0');
  const hex = [
    '{{bytes 0 2}}',
    // Response, authoritative; whether recursion was asked for is said again, and said to be there.
    '{{u8 add 132 field.rd}}',
    `8${CODES[code]}`,
    `0001 ${count} 0000 0000`,
    question,
    ...answers.map((answer) => answer.toString('hex')),
  ].join(' ');
  return {
    ...(/^[\w.-]+$/.test(name) && name.length <= LONGEST_RULE_NAME ? { name } : {}),
    when,
    then: [{ reply: { hex, template: true } }],
  };
}
