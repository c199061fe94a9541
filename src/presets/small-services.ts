/**
 * The small services of RFC 862 to 868. Those that speak unasked do so when a connection opens, and then end it; on UDP
 * they answer each datagram.
 */
import type { RuleAction } from '../schemas/rule-action.ts';
import type { RulesSpec } from '../schemas/rules.ts';
import { BOTH, type Preset, type Protocol } from './preset.ts';

export const discard: Preset<'discard'> = {
  description: 'Takes everything and says nothing (RFC 863).',
  protocols: BOTH,
  expand: () => ({ responder: { type: 'none' } }),
};

export const echo: Preset<'echo'> = {
  description: 'Answers each message with its own bytes (RFC 862).',
  protocols: BOTH,
  expand: () => ({ responder: { type: 'echo' } }),
};

export const daytime: Preset<'daytime'> = {
  description: 'Tells the time as text, RFC 3339 in UTC (RFC 867).',
  protocols: BOTH,
  expand: (_parameters, protocol) => ({
    responder: said(protocol, 'daytime', { then: [{ reply: { text: '{{now}}\r\n', template: true } }] }),
  }),
};

export const time: Preset<'time'> = {
  description: 'Tells the seconds since 1900 in 32 bits (RFC 868).',
  protocols: BOTH,
  expand: (_parameters, protocol) => ({
    responder: said(protocol, 'time', { then: [{ reply: { hex: '{{u32be now rfc868}}', template: true } }] }),
  }),
};

export const qotd: Preset<'qotd'> = {
  description: 'Says one of its quotes, in turn (RFC 865).',
  protocols: BOTH,
  expand: ({ quotes }, protocol) => ({
    responder: said(protocol, 'quote', {
      cycle: { steps: quotes.map((quote) => ({ then: [{ reply: { text: `${quote}\r\n` } }] })) },
    }),
  }),
};

/** Each line begins one character further in the ring of those that can be printed. */
const FIRST = 0x20;
const RING = 95;
const LINE = 72;
/** Sizes of datagrams: the RFC wants any from 0 to 512. */
const SIZES = Array.from({ length: 16 }, (_, i) => (i + 1) * 32);

export const chargen: Preset<'chargen'> = {
  description: 'Sends characters: so many lines on TCP, up to 512 bytes in answer to a datagram (RFC 864).',
  protocols: BOTH,
  expand({ lines }, protocol) {
    if (protocol === 'tcp')
      return { responder: said(protocol, 'lines', { then: [{ reply: { text: characters(lines) } }] }) };
    const text = characters(Math.ceil(512 / LINE));
    const choose = SIZES.map((size) => ({ then: [{ reply: { text: text.slice(0, size) } }] }));
    return { responder: said(protocol, 'characters', { choose }) };
  },
};

function characters(lines: number): string {
  const line = (from: number) =>
    String.fromCharCode(...Array.from({ length: LINE }, (_, i) => FIRST + ((from + i) % RING)));
  return Array.from({ length: lines }, (_, i) => `${line(i)}\r\n`).join('');
}

type Said = Pick<RulesSpec['rules'][number], 'then' | 'cycle' | 'choose'>;

/** One rule. A connection ends once it has been said. Draws begin alike, so that the same spec is the same listener. */
function said(protocol: Protocol, name: string, what: Said): RulesSpec {
  const rule = protocol === 'tcp' ? { name, on: 'connect' as const, ...ending(what) } : { name, ...what };
  return { type: 'rules', seed: 0, rules: [rule] };
}

function ending({ then: actions, cycle }: Said): Said {
  const ended = (list: readonly RuleAction[]): RuleAction[] => [...list, { close: 'fin' }];
  if (actions !== undefined) return { then: ended(actions) };
  return { cycle: { steps: cycle!.steps.map((step) => ({ then: ended(step.then) })) } };
}
