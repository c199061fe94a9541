/** What is said of a name that a template does not know: the one that was most likely meant, or why there is none. */
import { nearest, suggestion } from '../../../nearest.ts';
import type { TemplateOptions } from './arguments.ts';
import { CHECKSUMS } from './checksums.ts';
import { FUNCTION_NAMES } from './functions.ts';
import { VALUE_NAMES } from './names.ts';

const ORDERED = ['16be', '16le', '32be', '32le'];
const NAMES = [
  ...VALUE_NAMES,
  ...FUNCTION_NAMES,
  ...Object.keys(CHECKSUMS),
  ...['u8', ...ORDERED.map((bits) => `u${bits}`), 'u64be', 'u64le'],
  ...['len8', ...ORDERED.map((bits) => `len${bits}`), 'varint', 'pad'],
];
const LEAST_PREFIX = 3;

/** The end of the error. */
export function hintOf(name: string, options: TemplateOptions): string {
  const [, kind, member = ''] = /^(field|match)\.(.*)$/.exec(name) ?? [];
  if (!options.hasState && (kind !== undefined || name === 'state'))
    return '; state, field.NAME and match.NAME are for rules';
  if (kind === 'field') return `; there is no field ${member}${suggestion(member, [...options.fields.keys()])}`;
  if (kind === 'match') return groupHint(member, options);
  const meant = nearest(name, [...NAMES, ...ruleNames(options)]);
  if (meant !== undefined) return `; did you mean ${meant}?`;
  const longer = name.length < LEAST_PREFIX ? [] : NAMES.filter((known) => known.startsWith(name));
  return longer.length === 0 ? '' : `; did you mean ${longer.join(' or ')}?`;
}

function groupHint(member: string, { captures }: TemplateOptions): string {
  if (captures === null || captures.groups === 0) return '; the rule has no regex with groups';
  const numbers = Array.from({ length: captures.groups }, (_, i) => `${i + 1}`);
  return `; its patterns have no group ${member}${suggestion(member, [...captures.names, ...numbers])}`;
}

function ruleNames({ fields, captures, hasState }: TemplateOptions): string[] {
  if (!hasState) return [];
  const matches = [...(captures?.names ?? []), ...(captures === null ? [] : ['1'])];
  return ['state', ...[...fields.keys()].map((name) => `field.${name}`), ...matches.map((name) => `match.${name}`)];
}
