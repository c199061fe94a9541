/** Responders: their defaults filled in, what a schema can't say of them checked, and as they are shown. */
import { randomInt } from 'node:crypto';
import { isIP } from 'node:net';
import { invalidField } from '../errors.ts';
import { RawJson } from '../json/raw.ts';
import { literalHost } from '../net/address.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { compileRules, type Protocol, ruleName } from '../runtime/pipeline/rules/compile.ts';
import { RuleError } from '../runtime/pipeline/rules/rule-error.ts';
import { payloadTemplate, wrongMember } from '../runtime/pipeline/template/compile.ts';
import { actionLists } from '../schemas/action-lists.ts';
import { DEFAULT_PEERS } from '../schemas/limits.ts';
import { payloadBytes } from '../schemas/payload.ts';
import type { PlainResponder } from '../schemas/responder.ts';
import { jsonMembers, withPublishedJson } from '../schemas/responder-json.ts';
import type { Rule, RulesSpec } from '../schemas/rules.ts';
import { parseDuration, whyNotDuration } from '../schemas/units.ts';

/** What of a listener decides what its responder may do. */
export type Served = { protocol: Protocol; concurrency: 'concurrent' | 'sequential'; host: string };

type Reply = Extract<PlainResponder, { type: 'reply' }>;

/** Seeds that are drawn stay readable. */
const SEEDS = 2 ** 32;

/** A seed that is not given is drawn, and from then on it is the one that was given. */
export function fillResponder(responder: PlainResponder, protocol: Protocol): PlainResponder {
  const textual = asText(responder);
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
    state: { scope, initial: 'start', idle: '5m', max: DEFAULT_PEERS, ...spec.state },
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
export function checkResponder(responder: PlainResponder, { protocol, concurrency, host }: Served): void {
  if (responder.type === 'rules') {
    checkRules(responder, protocol);
    if (protocol === 'udp' && concurrency === 'concurrent') checkNoHold(responder);
    if (protocol === 'udp') checkFamilies(responder, host);
  }
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

/** While one datagram is held, those after it are to wait. */
function checkNoHold(spec: RulesSpec): void {
  for (const { actions, path } of actionLists(spec)) {
    const at = actions.findIndex(({ hold }) => hold !== undefined);
    if (at === -1) continue;
    const detail = 'on datagrams needs "concurrency": "sequential", so that those behind it wait';
    throw invalidField(`/responder/${[...path, at, 'hold'].join('/')}`, detail);
  }
}

/** Where the rules of a responder send something that is no answer, by literal addresses. */
export function* destinationsOf(
  responder: PlainResponder,
): Generator<Endpoint & { protocol: Protocol; pointer: string }> {
  if (responder.type !== 'rules') return;
  for (const { actions, path } of actionLists(responder)) {
    for (const [i, { send }] of actions.entries())
      if (send !== undefined)
        yield {
          host: literalHost(send.to.host),
          port: send.to.port,
          protocol: send.protocol,
          pointer: `/responder/${[...path, i, 'send', 'to'].join('/')}`,
        };
  }
}

/** Datagrams leave from the listener's socket. */
function checkFamilies(spec: RulesSpec, from: string): void {
  if (isIP(from) === 0 || from === '::') return;
  for (const { host, protocol, pointer } of destinationsOf(spec)) {
    if (protocol === 'udp' && isIP(host) !== isIP(from))
      throw invalidField(`${pointer}/host`, `can't be reached by a socket on ${from}`);
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

/** JSON that came as a value is carried as text from here on, wherever it stands. */
function asText(responder: PlainResponder): PlainResponder {
  const copy = structuredClone(responder);
  for (const { holder, name, textName } of [...jsonMembers(copy)]) {
    if (holder[name] === undefined) continue;
    holder[textName] = JSON.stringify(holder[name]);
    delete holder[name];
  }
  return copy;
}

/** JSON is shown as it was written. */
export function shownResponder(responder: PlainResponder): PlainResponder {
  return withPublishedJson(responder, (text) => new RawJson(text));
}
