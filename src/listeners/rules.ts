/** Rules of a listener by the API: what they counted, changes of the list, and trials. */
import { invalidField, ProblemError } from '../errors.ts';
import { parsePeer } from '../matching/peer.ts';
import { rfc3339 } from '../net/text.ts';
import { RuleError } from '../runtime/pipeline/rules/rule-error.ts';
import { TrialTooLarge, type TriedAction, tryRules } from '../runtime/pipeline/rules/trial.ts';
import { PayloadError, payloadBytes } from '../schemas/payload.ts';
import type { Rule, RulesSpec } from '../schemas/rules.ts';
import type { RuleList, RulePatch, RuleStatus, RuleTest, RuleTestResult } from '../schemas/rules-view.ts';
import type { Listener } from './listener.ts';
import { plainResponder } from './presets.ts';
import { checkResponder, fillResponder } from './responder.ts';
import { sharesPeers } from './rule-slots.ts';

/** What the rules of a listener counted, over all its threads. */
export async function ruleStatus(listener: Listener): Promise<RuleStatus> {
  const { rules } = rulesOf(listener);
  const { cells } = listener.ruleSlots;
  const items = rules.map(({ name, enabled, times, per }, i) => {
    const { hits, lastHitAt } = cells?.hits(i) ?? { hits: 0, lastHitAt: null };
    const left = times == null || per !== 'listener' ? null : Math.max(0, times - (cells?.taken(i, 'times') ?? 0));
    return {
      name: name!,
      enabled: enabled ?? true,
      hits,
      lastHitAt: lastHitAt === null ? null : rfc3339(lastHitAt * 1000),
      remaining: left,
    };
  });
  return { items, unmatched: listener.counters.sums().unmatched, states: await statesOf(listener) };
}

/** The responder with another list; makes any responder `rules`. */
export function withRules(listener: Listener, list: RuleList): RulesSpec {
  const { responder } = listener.spec;
  return responder.type === 'rules' ? { ...responder, ...list } : { type: 'rules', ...list };
}

/** A responder with other rules, and where in it the body lies that changed it. */
export type RulesChange = { spec: RulesSpec; at: string };

/** The responder with one rule changed. Throws 404 where there is none of that name. */
export function withRule(listener: Listener, name: string, patch: RulePatch): RulesChange {
  const spec = rulesOf(listener);
  const at = spec.rules.findIndex((rule) => rule.name === name);
  if (at === -1) throw noRule(listener, name);
  const { then: actions, cycle, choose, ...rest } = spec.rules[at]! as Rule;
  const saysOther = patch.then !== undefined || patch.cycle !== undefined || patch.choose !== undefined;
  const says = saysOther
    ? {}
    : { ...(actions && { then: actions }), ...(cycle && { cycle }), ...(choose && { choose }) };
  const rules = spec.rules.with(at, { ...rest, ...says, ...patch } as Rule);
  return { spec: { ...spec, rules }, at: `/responder/rules/${at}` };
}

/** A 400 that points into the responder points into the body instead, where that is what is wrong. */
export function pointingInto<T>(body: object, at: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    const [wrong] = error instanceof ProblemError ? (error.errors ?? []) : [];
    if (wrong === undefined || (!wrong.pointer.startsWith(`${at}/`) && wrong.pointer !== at)) throw error;
    const pointer = wrong.pointer.slice(at.length);
    const [, member] = pointer.split('/');
    throw member === undefined || Object.hasOwn(body, member) ? invalidField(pointer, wrong.detail) : error;
  }
}

/** What the rules, or others in their place, would do with messages. Throws 400 for what is wrong in them. */
export async function testRules(listener: Listener, request: RuleTest): Promise<RuleTestResult> {
  const { protocol } = listener.spec;
  const given =
    request.responder === undefined ? null : fillResponder(plainResponder(request.responder, protocol), protocol);
  if (given !== null && given.type !== 'rules') throw invalidField('/responder/type', 'must be rules');
  if (given !== null) checkResponder(given, listener.spec);
  const spec = given ?? rulesOf(listener);
  const options = {
    protocol,
    peer: peerOf(request.remote),
    listener: listener.name ?? listener.id,
    state: request.state,
  };
  try {
    const trials = await tryRules(spec, request.messages.map(messageBytes), options);
    return { items: trials.map((trial) => ({ ...trial, actions: trial.actions.map(shownAction) })) };
  } catch (error) {
    if (error instanceof TrialTooLarge) throw new ProblemError('unprocessable', error.message);
    if (!(error instanceof RuleError)) throw error;
    throw invalidField(error.pointer === '/state' ? error.pointer : `/responder${error.pointer}`, error.message);
  }
}

function rulesOf(listener: Listener): RulesSpec {
  const { responder } = listener.spec;
  if (responder.type === 'rules') return responder;
  throw new ProblemError(
    'not_found',
    `listener ${listener.name ?? listener.id} has no rules, its responder is ${responder.type}`,
  );
}

function noRule(listener: Listener, name: string): ProblemError {
  return new ProblemError('not_found', `listener ${listener.name ?? listener.id} has no rule ${name}`);
}

/** Summed over the threads where each knows its own; one that is being replaced knows of none. */
async function statesOf(listener: Listener): Promise<Record<string, number>> {
  const up = listener.bindings.filter((binding) => !binding.down);
  const asked = up.map(({ thread }) => thread.call('ruleStates', { listener: listener.number }));
  const found = (await Promise.allSettled(asked)).flatMap((result) =>
    result.status === 'fulfilled' ? [result.value] : [],
  );
  const { state } = rulesOf(listener);
  const isShared = state?.scope === 'listener' || (state?.scope === 'peer' && sharesPeers(listener.spec));
  if (isShared) return found[0] ?? {};
  const sums: Record<string, number> = {};
  for (const states of found) for (const [name, n] of Object.entries(states)) sums[name] = (sums[name] ?? 0) + n;
  return sums;
}

function messageBytes(message: RuleTest['messages'][number], i: number): Uint8Array {
  try {
    return payloadBytes(message);
  } catch (error) {
    if (error instanceof PayloadError) throw invalidField(`/messages/${i}/${error.field}`, error.message);
    throw error;
  }
}

function peerOf(text = '127.0.0.1:50000'): { remote: Uint8Array; remotePort: number } {
  try {
    const { bytes, port = 50_000 } = parsePeer(text);
    return { remote: bytes, remotePort: port };
  } catch (error) {
    throw invalidField('/remote', (error as Error).message);
  }
}

type Shown = RuleTestResult['items'][number]['actions'][number];

function shownAction(action: TriedAction): Shown {
  if (action.do !== 'send' && action.do !== 'sendTo') return action;
  const { do: what } = action;
  const to =
    action.do === 'send'
      ? { ...(action.from && { from: action.from }) }
      : { protocol: action.protocol, to: { address: action.to.host, port: action.to.port } };
  if ('error' in action) return { do: what, ...to, error: action.error };
  const bytes = Buffer.from(action.payload);
  const text = bytes.toString();
  const isText = Buffer.from(text).equals(bytes) && !/[^\P{Cc}\t\r\n]/u.test(text);
  return { do: what, ...to, size: bytes.length, ...(isText ? { text } : {}), base64: bytes.toString('base64') };
}
