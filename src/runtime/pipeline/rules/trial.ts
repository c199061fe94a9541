/** Tries rules on messages: the rule that decides, why those before it do not, and the actions filled in. Nothing is sent. */

import { setImmediate } from 'node:timers/promises';
import type { Draw } from '../../../schemas/draw.ts';
import type { RulesSpec } from '../../../schemas/rules.ts';
import { BindingCounters, createCounters } from '../../counters.ts';
import { type Action, type ActionPayload, type Decision, type Destination, payloadFor } from '../behavior.ts';
import { Request } from '../request.ts';
import { TemplateFault } from '../template/template-error.ts';
import { type CompiledRule, compileRules, type Protocol } from './compile.ts';
import { RulesBehavior } from './engine.ts';

export type TrialPeer = { remote: Uint8Array; remotePort: number };
export type Trial = {
  rule: string | null;
  draw?: Draw;
  others: { rule: string; why: string }[];
  actions: TriedAction[];
  state: string;
};
export type TriedPayload = { payload: Uint8Array } | { error: string };
export type TriedAction =
  /** With an error: a template that the message does not fit, so nothing would be sent. */
  | ({ do: 'send'; from?: 'listener' | 'newPort' } & TriedPayload)
  | ({ do: 'sendTo' } & Destination & TriedPayload)
  | { do: 'delay' | 'pauseReading' | 'hold'; ms: number }
  | { do: 'close'; mode: 'fin' | 'rst' }
  | { do: 'halfClose' }
  | { do: 'setFraming'; framing: string };

/** Milliseconds in which nothing else is done. */
const LONGEST_STEP_MS = 20;
/** Bytes that a trial may tell. */
const MOST_TOLD = 32 * 1024 * 1024;

/** @param state to begin in; the initial one by default. Throws RuleError, with `/state` for one that nothing sets, and TrialTooLarge. */
export async function tryRules(
  spec: RulesSpec,
  messages: readonly Uint8Array[],
  {
    protocol,
    peer,
    listener,
    state,
  }: { protocol: Protocol; peer: TrialPeer; listener: string; state?: string | undefined },
): Promise<Trial[]> {
  const counters = new BindingCounters(createCounters(1), 0);
  const behavior = new RulesBehavior(spec, { repliesBefore: 0, counters, protocol });
  const { rules } = compileRules(spec, protocol);
  const trials: Trial[] = [];
  let begun = performance.now();
  let size = 0;
  for (const [i, payload] of messages.entries()) {
    if (performance.now() - begun > LONGEST_STEP_MS) {
      await setImmediate();
      begun = performance.now();
    }
    const request = new Request({ thread: 'shared-1', listener, localPort: 0 });
    Object.assign(request, peer, { payload, n: i + 1, connection: protocol === 'tcp' ? 1 : 0 });
    if (i === 0 && state !== undefined) behavior.enter(request, state);
    const before = behavior.stateOf(request);
    const decision = behavior.decide(request);
    const trial: Trial = {
      rule: decision.rule ?? null,
      ...(request.draw === null ? {} : { draw: request.draw }),
      others: whyNot(rules, decision, request, before),
      actions: decision.actions.map((action) => tried(action, request)),
      state: behavior.stateOf(request),
    };
    size += sizeOf(trial);
    if (size > MOST_TOLD) throw new TrialTooLarge(`message ${i} brings what there is to tell over ${MOST_TOLD} bytes`);
    trials.push(trial);
  }
  return trials;
}

/** Of a trial; beyond it fewer messages are to be tried at a time. */
export class TrialTooLarge extends Error {}

/** About as many bytes as it takes to tell of it. */
function sizeOf({ others, actions }: Trial): number {
  const why = others.reduce((sum, { rule, why }) => sum + rule.length + why.length + 32, 0);
  return actions.reduce((sum, action) => sum + ('payload' in action ? 2 * action.payload.length : 0) + 64, why);
}

function whyNot(rules: readonly CompiledRule[], { rule }: Decision, request: Request, state: string): Trial['others'] {
  const end = rules.findIndex(({ name }) => name === rule);
  const before = end === -1 ? rules : rules.slice(0, end);
  return before
    .filter(({ on }) => on.kind === 'message')
    .map((one) => ({ rule: one.name, why: reason(one, request, state) }));
}

function reason({ enabled, states, test, ...counted }: CompiledRule, request: Request, state: string): string {
  if (!enabled) return 'it is disabled';
  if (states !== null && !states.has(state)) return `the state is ${state}, it wants ${[...states].join(' or ')}`;
  if (test !== null && !test.holds(request)) return test.miss(request).why;
  return passedOn(counted);
}

/** Which of its counts leaves a message to the rules behind; all that may have, where there are several. */
function passedOn({ nth, times, alternatives }: Pick<CompiledRule, 'nth' | 'times' | 'alternatives'>): string {
  const counts = [
    nth === null ? [] : 'it is not the turn of its nth',
    times === null ? [] : `its times (${times}) are used up`,
    alternatives.kind === 'cycle' ? 'its cycle is over' : [],
  ];
  return counts.flat().join(', or ');
}

function tried(action: Action, request: Request): TriedAction {
  switch (action.do) {
    case 'send':
      return { do: 'send', ...fromOf(action), ...filled(action.payload, request) };
    case 'sendTo':
      return { do: 'sendTo', ...action.destination, ...filled(action.payload, request) };
    case 'delay':
      return { do: 'delay', ms: typeof action.ms === 'number' ? action.ms : action.ms() };
    case 'setFraming':
      return { do: 'setFraming', framing: action.framing.type };
    default:
      return action;
  }
}

function fromOf({ from }: Extract<Action, { do: 'send' }>): { from?: 'listener' | 'newPort' } {
  if (from === undefined) return {};
  return { from: from === 'listener' ? from : 'newPort' };
}

function filled(payload: ActionPayload, request: Request): TriedPayload {
  try {
    return { payload: payloadFor(payload, request) };
  } catch (error) {
    if (error instanceof TemplateFault) return { error: error.message };
    throw error;
  }
}
