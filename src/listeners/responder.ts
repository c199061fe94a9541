/** Responders: their defaults filled in, what a schema can't say of them checked, and as they are shown. */
import { randomInt } from 'node:crypto';
import { invalidField } from '../errors.ts';
import { RawJson } from '../json/raw.ts';
import { compileRules, type Protocol, ruleName } from '../runtime/pipeline/rules/compile.ts';
import { RuleError } from '../runtime/pipeline/rules/rule-error.ts';
import { payloadTemplate, wrongMember } from '../runtime/pipeline/template/compile.ts';
import { payloadBytes } from '../schemas/payload.ts';
import type { Responder } from '../schemas/responder.ts';
import type { Rule, RulesSpec } from '../schemas/rules.ts';
import { parseDuration, whyNotDuration } from '../schemas/units.ts';

type Reply = Extract<Responder, { type: 'reply' }>;

/** Seeds that are drawn stay readable. */
const SEEDS = 2 ** 32;

/** A seed that is not given is drawn, and from then on it is the one that was given. */
export function fillResponder(responder: Responder, protocol: Protocol): Responder {
  const textual = asText(responder) as Responder;
  switch (textual.type) {
    case 'upper':
      return { strip: true, ...textual };
    case 'reply':
      return { template: false, ...textual };
    case 'rules':
      return fillRules(textual, protocol);
    default:
      return textual;
  }
}

function fillRules(spec: RulesSpec, protocol: Protocol): RulesSpec {
  const scope = protocol === 'tcp' ? 'connection' : 'peer';
  return {
    type: 'rules',
    seed: spec.seed ?? randomInt(SEEDS),
    state: { scope, initial: 'start', idle: '5m', max: 65_536, ...spec.state },
    fields: spec.fields ?? {},
    rules: spec.rules.map(fillRule),
    otherwise: spec.otherwise ?? [{ ignore: true }],
  };
}

/** A rule with every default filled in. */
export function fillRule(rule: Rule, i: number): Rule {
  return { name: ruleName(rule, i), enabled: true, on: 'message', when: {}, times: null, per: 'listener', ...rule };
}

/** Throws a 400 that names the field, for a PATCH too. */
export function checkResponder(responder: Responder, protocol: Protocol): void {
  if (responder.type === 'rules') checkRules(responder, protocol);
  if (responder.type !== 'reply') return;
  checkPayload(responder);
  if (responder.delay !== undefined && parseDuration(responder.delay) === undefined) {
    throw invalidField('/responder/delay', whyNotDuration(responder.delay));
  }
}

function checkRules(spec: RulesSpec, protocol: Protocol): void {
  try {
    compileRules(spec, protocol);
  } catch (error) {
    if (error instanceof RuleError) throw invalidField(`/responder${error.pointer}`, error.message);
    throw error;
  }
}

function checkPayload(responder: Reply): void {
  try {
    if (responder.template === true) payloadTemplate(responder);
    else payloadBytes(responder);
  } catch (error) {
    const member = wrongMember(responder, error);
    throw member === undefined ? error : invalidField(`/responder/${member}`, (error as Error).message);
  }
}

/** JSON payloads that came as values are carried as text from here on, wherever they stand. */
function asText(value: unknown, isPayload = true): unknown {
  if (Array.isArray(value)) return value.map((each) => asText(each, false));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => {
    if (name === 'json' && isPayload) return ['jsonText', JSON.stringify(member)];
    // What a message must look like holds values to compare with, which are no payloads.
    return [name, name === 'when' ? member : asText(member, name === 'reply')];
  });
  return Object.fromEntries(members);
}

/** A JSON payload is shown as it was written. */
export function shownResponder(responder: Responder): Responder {
  return shown(responder) as Responder;
}

function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] =>
    name === 'jsonText' ? ['json', new RawJson(member as string)] : [name, shown(member)],
  );
  return Object.fromEntries(members);
}
