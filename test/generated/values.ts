/** Values out of a schema: right ones, almost right ones, and hostile ones. */
import { type Document, resolved, type Schema } from './document.ts';
import type { Random } from './random.ts';

/**
 * What names decide, whatever their schema allows: nothing goes beyond loopback or to a port of somebody else, and no
 * right request takes longer than a moment.
 */
const SHORT = ['1ms', '20ms', '0ms', 5, 0];
const BY_NAME: Record<string, readonly unknown[]> = {
  host: ['127.0.0.1', '127.0.0.2', '::1', 'localhost'],
  port: [0],
  listener: ['statsd', 'box', 'shop', 'nobody'],
  to: ['statsd', 'box', '127.0.0.1:9'],
  name: ['statsd', 'box', 'shop', 'a.b-c_1'],
  threads: [1, 2],
  count: [1, 2, 3],
  connections: [1, 2],
  rate: [100, 1000],
  backlog: [1, 16],
  scale: [0, 0.001],
  regex: ['^a', 'b+', '(a|b)*c', '\\d{1,3}'],
  hex: ['00', '48 6f', 'ff'],
  base64: ['', 'AA==', 'SG9sYQ=='],
  hold: ['0', '1'],
  label: [['suite:smoke'], ['a:b', 'c:d']],
  ...Object.fromEntries(
    ['delay', 'drain', 'within', 'quietFor', 'wait', 'for', 'interval', 'timeout', 'duration'].map((name) => [
      name,
      SHORT,
    ]),
  ),
};
/** The same for objects. */
const OBJECTS: Record<string, readonly unknown[]> = {
  to: [{ listener: 'statsd' }, { listener: 'box' }, { listener: 'shop' }, { host: '127.0.0.1', port: 9 }, {}],
  from: ['statsd', 'box', { port: 0 }],
};
/** Fields for which a wrong value that is a right one after all would take long, or reach others. */
const HARMFUL = new Set([...Object.keys(BY_NAME), ...Object.keys(OBJECTS)]);
const WRONG: readonly unknown[] = [null, true, -1, 0.5, '', [], {}, '-', '5 parsecs'];
/** A name that is none would be looked up. */
const NO_HOST: readonly unknown[] = [null, true, -1, '', [], {}];

export const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  '\ud800',
  '../../etc/passwd',
  '%',
  '__proto__',
  'constructor',
  '{{',
  '{{nope}}',
  '(',
  '(a+)+$',
  '(?<=x)y',
  '\u202e\ufeff\u0000',
  'x'.repeat(70_000),
  "' OR 1=1 --",
  '0x10',
  '1e3',
  'NaN',
  '/'.repeat(200),
  '[::',
  '255.255.255.256/99',
];
const HOSTILE: readonly unknown[] = [
  ...HOSTILE_TEXTS,
  2 ** 53 + 2,
  -0,
  1e308,
  -1e308,
  { __proto__: null, constructor: { prototype: 1 } },
  Array.from({ length: 2000 }, () => 0),
  Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i])),
  [[[[[[[[[[]]]]]]]]]],
];

export class Values {
  readonly #document: Document;
  readonly #random: Random;

  constructor(document: Document, random: Random) {
    this.#document = document;
    this.#random = random;
  }

  /** One that the schema allows, as far as it says. */
  right(schema: Schema, name = '', depth = 0): unknown {
    const random = this.#random;
    const named = BY_NAME[name];
    const { type, ...whole } = resolved(this.#document, schema);
    const kind = Array.isArray(type) ? random.pick(type) : type;
    if (kind === 'null') return null;
    if (kind === 'object' && OBJECTS[name] !== undefined) return random.pick(OBJECTS[name]);
    if (named !== undefined && kind !== 'object') return random.pick(named);
    if (whole.const !== undefined) return whole.const;
    if (whole.enum !== undefined) return random.pick(whole.enum);
    const members = whole.oneOf ?? whole.anyOf;
    if (members !== undefined) return this.right(random.pick(members), name, depth);
    if (kind === 'object') return this.#object(whole, depth);
    if (whole.examples !== undefined && random.chance(0.6)) return random.pick(whole.examples);
    if (kind === 'array') return this.#array(whole, depth);
    return this.#plain(kind, whole);
  }

  /** A right one with one thing wrong in it. */
  nearlyRight(schema: Schema, name = ''): unknown {
    const value = this.right(schema, name);
    return this.#spoilt(value, name);
  }

  /** Nobody means well who sends this. */
  hostile(name = ''): unknown {
    if (name === 'host') return this.#random.pick(NO_HOST);
    return this.#random.pick(HARMFUL.has(name) ? WRONG : HOSTILE);
  }

  #object({ properties = {}, required = [], additionalProperties }: Schema, depth: number): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    const rare = depth > 2 ? 0.05 : 0.3;
    for (const [name, schema] of Object.entries(properties)) {
      if (!required.includes(name) && !this.#random.chance(rare)) continue;
      members[name] = this.right(schema, name, depth + 1);
    }
    if (typeof additionalProperties === 'object') members.suite = this.right(additionalProperties, 'suite', depth + 1);
    return members;
  }

  #array({ items = {}, minItems = 0 }: Schema, depth: number): unknown[] {
    const length = minItems + (depth > 3 ? 0 : this.#random.below(3));
    return Array.from({ length }, () => this.right(items, '', depth + 1));
  }

  #plain(kind: string | undefined, { minimum = 0, maximum = 100, pattern, examples = ['text'] }: Schema): unknown {
    const random = this.#random;
    if (kind === 'boolean') return random.chance(0.5);
    if (kind === 'integer' || kind === 'number') return random.pick([minimum, minimum + 1, Math.min(maximum, 1000)]);
    if (kind === 'string')
      return pattern === undefined ? random.pick(['', 'a', 'text', 'ä{{n}}']) : random.pick(examples);
    return random.pick<unknown>(['any', 1, { a: [1.1, null] }]);
  }

  /** Somewhere in it: a member missing, one too many, or one of another kind. */
  #spoilt(value: unknown, name: string): unknown {
    const random = this.#random;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.hostile(name);
    const members = { ...(value as Record<string, unknown>) };
    const names = Object.keys(members);
    const chosen = random.pick(names);
    const way = random.below(4);
    if (way === 0 || chosen === undefined) members[random.pick(['extra', 'port ', 'Protocol'])] = 1;
    else if (way === 1) delete members[chosen];
    else members[chosen] = way === 2 ? this.#spoilt(members[chosen], chosen) : this.hostile(chosen);
    return members;
  }
}
