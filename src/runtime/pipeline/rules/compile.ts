/**
 * Compiles a list of rules. Everything that can be wrong is found here, so main compiles it too, for the 400: unknown
 * fields, states that are never set, actions that don't fit the protocol or come after an ending.
 */
import { compileMatch } from '../../../matching/compile.ts';
import { compileField, type Field, namedFieldTest } from '../../../matching/fields.ts';
import { allOf } from '../../../matching/logic.ts';
import { MatchError, type Test } from '../../../matching/test.ts';
import { suggestion } from '../../../nearest.ts';
import { actionLists } from '../../../schemas/action-lists.ts';
import { DEFAULT_PEERS } from '../../../schemas/limits.ts';
import type { Rule, RulesSpec } from '../../../schemas/rules.ts';
import { parseDuration, whyNotDuration } from '../../../schemas/units.ts';
import type { Nth, When } from '../../../schemas/when.ts';
import { type CaptureReader, captureReader } from './captures.ts';
import { type CompiledEvent, checkTimes, compileEvent } from './events.ts';
import { type ActionScope, compileActions, type Outcome } from './outcome.ts';
import { RuleError } from './rule-error.ts';

export type Protocol = 'udp' | 'tcp';

/** What a rule says when it wins: always the same, in turn, or drawn. */
export type Alternatives =
  | { kind: 'then'; outcome: Outcome }
  | {
      kind: 'cycle';
      onEnd: 'loop' | 'last' | 'next';
      steps: readonly { from: number; outcome: Outcome }[];
      length: number;
    }
  | { kind: 'choose'; bounds: readonly number[]; outcomes: readonly Outcome[] };

export type CompiledRule = {
  readonly name: string;
  readonly enabled: boolean;
  readonly on: CompiledEvent;
  /** null: in any state. */
  readonly states: ReadonlySet<string> | null;
  /** null: every message. */
  readonly test: Test | null;
  readonly nth: ((n: number) => boolean) | null;
  readonly times: number | null;
  readonly per: 'listener' | 'peer' | 'connection';
  readonly captures: CaptureReader | null;
  readonly alternatives: Alternatives;
};

export type CompiledRules = {
  readonly rules: readonly CompiledRule[];
  readonly otherwise: Outcome;
  readonly scope: 'connection' | 'peer' | 'listener';
  readonly initial: string;
  readonly max: number;
  /** Milliseconds. */
  readonly idle: number;
  /** All names of states, the initial one first. */
  readonly states: readonly string[];
};

/** What a rule is called that has no name. */
export function ruleName({ name }: Pick<Rule, 'name'>, i: number): string {
  return name ?? `rule-${i + 1}`;
}

/**
 * Throws RuleError.
 * @param takeDelay how many delays of a rule, by its place, were drawn before; by default they are counted here
 */
export function compileRules(
  spec: RulesSpec,
  protocol: Protocol,
  takeDelay: (rule: number) => number = counting(),
): CompiledRules {
  const { state = {}, rules, otherwise = [{ ignore: true }], seed } = spec;
  const scope = state.scope ?? (protocol === 'tcp' ? 'connection' : 'peer');
  if (scope === 'connection' && protocol === 'udp')
    throw new RuleError('/state/scope', 'connection is for tcp: datagrams have peers');
  const fields = compileFields(spec);
  const initial = state.initial ?? 'start';
  checkNames(rules);
  checkStates(spec, initial);
  checkTimes(spec);
  const idle = idleOf(state.idle);
  const shared = { protocol, fields, seed: seed ?? 0, idle, takeDelay };
  const ofOthers = counting();
  return {
    rules: rules.map((rule, i) => compileRule(rule, i, shared)),
    otherwise: compileActions(
      otherwise,
      '/otherwise',
      { ...shared, rule: '', isMessage: true, hasMessage: true, captures: null, takeDelay: () => ofOthers(0) },
      { unmatched: true },
    ),
    scope,
    initial,
    max: state.max ?? DEFAULT_PEERS,
    idle,
    states: statesOf(spec),
  };
}

/** All names of states, the initial one first. */
export function statesOf(spec: RulesSpec): string[] {
  return [...new Set([spec.state?.initial ?? 'start', ...settings(spec).map(({ name }) => name)])];
}

/** How often it was called for a number before. */
function counting(): (of: number) => number {
  const counts = new Map<number, number>();
  return (of) => {
    const before = counts.get(of) ?? 0;
    counts.set(of, before + 1);
    return before;
  };
}

function idleOf(idle: string | number = '5m'): number {
  const milliseconds = parseDuration(idle);
  if (milliseconds === undefined) throw new RuleError('/state/idle', whyNotDuration(idle));
  return milliseconds;
}

type Shared = {
  protocol: Protocol;
  fields: ReadonlyMap<string, Field>;
  seed: number;
  idle: number;
  takeDelay: (rule: number) => number;
};

function compileRule(rule: Rule, i: number, shared: Shared): CompiledRule {
  const pointer = `/rules/${i}`;
  const { enabled = true, when = {}, times = null, per = 'listener' } = rule;
  const name = ruleName(rule, i);
  const event = compileEvent(rule, pointer, shared.protocol);
  if (per === 'connection' && shared.protocol === 'udp')
    throw new RuleError(`${pointer}/per`, 'connection is for tcp: datagrams have peers');
  const { state, fields: fieldTests, nth, ...match } = when as When;
  const captures = withPointer(`${pointer}/when`, () => captureReader(match));
  const scope: ActionScope = {
    ...shared,
    rule: name,
    isMessage: event.kind === 'message',
    hasMessage: event.hasMessage,
    captures,
    takeDelay: () => shared.takeDelay(i),
  };
  return {
    name,
    enabled,
    on: event,
    states: state === undefined ? null : new Set([state].flat()),
    test: testOf(match, fieldTests, shared.fields, `${pointer}/when`),
    nth: nth === undefined ? null : nthTest(nth),
    times,
    per,
    captures,
    alternatives: alternativesOf(rule, pointer, scope),
  };
}

function testOf(
  match: When,
  fieldTests: When['fields'],
  fields: ReadonlyMap<string, Field>,
  pointer: string,
): Test | null {
  const tests: Test[] = [];
  if (Object.keys(match).length > 0) tests.push(withPointer(pointer, () => compileMatch(match)));
  for (const [name, wanted] of Object.entries(fieldTests ?? {})) {
    const field = fields.get(name);
    if (field === undefined)
      throw new RuleError(
        `${pointer}/fields/${name}`,
        `there is no field ${name}${suggestion(name, [...fields.keys()])}`,
      );
    tests.push(withPointer('', () => namedFieldTest(field, wanted, `${pointer}/fields/${name}`)));
  }
  return tests.length === 0 ? null : allOf(tests);
}

function alternativesOf(rule: Rule, pointer: string, scope: ActionScope): Alternatives {
  const { then: actions, cycle, choose } = rule;
  const given = [actions, cycle, choose].filter((each) => each !== undefined).length;
  if (given !== 1) throw new RuleError(pointer, 'needs exactly one of then, cycle, choose');
  if (actions !== undefined) return { kind: 'then', outcome: compileActions(actions, `${pointer}/then`, scope, {}) };
  if (cycle !== undefined) {
    let length = 0;
    const steps = cycle.steps.map(({ repeat = 1, then: step }, i) => {
      const outcome = compileActions(step, `${pointer}/cycle/steps/${i}/then`, scope, {});
      const from = length;
      length += repeat;
      return { from, outcome };
    });
    return { kind: 'cycle', onEnd: cycle.onEnd ?? 'loop', steps, length };
  }
  return chosen(choose!, pointer, scope);
}

function chosen(choose: NonNullable<Rule['choose']>, pointer: string, scope: ActionScope): Alternatives {
  const total = choose.reduce((sum, { weight = 1 }) => sum + weight, 0);
  if (total === 0) throw new RuleError(`${pointer}/choose`, 'needs a weight above 0');
  let sum = 0;
  const bounds = choose.map(({ weight = 1 }) => {
    sum += weight;
    return sum / total;
  });
  const outcomes = choose.map(({ then: actions }, i) =>
    compileActions(actions, `${pointer}/choose/${i}/then`, scope, {}),
  );
  return { kind: 'choose', bounds, outcomes };
}

function nthTest(nth: Nth): (n: number) => boolean {
  if (typeof nth === 'number') return (n) => n === nth;
  if (Array.isArray(nth)) {
    const wanted = new Set(nth);
    return (n) => wanted.has(n);
  }
  const { every, from = 1 } = nth;
  return (n) => n >= from && (n - from) % every === 0;
}

function compileFields({ fields = {} }: RulesSpec): Map<string, Field> {
  return new Map(
    Object.entries(fields).map(([name, definition]) => {
      const pointer = `/fields/${name}`;
      return [name, withPointer('', () => compileField(name, definition, pointer))];
    }),
  );
}

function checkNames(rules: readonly Rule[]): void {
  const seen = new Set<string>();
  for (const [i, rule] of rules.entries()) {
    const name = ruleName(rule, i);
    if (seen.has(name)) throw new RuleError(`/rules/${i}/name`, `there are two rules ${name}`);
    seen.add(name);
  }
}

/** A state that nothing sets can't be waited for. */
function checkStates(spec: RulesSpec, initial: string): void {
  const known = new Set([initial, ...settings(spec).map(({ name }) => name)]);
  for (const [i, { when }] of spec.rules.entries()) {
    const { state } = (when ?? {}) as When;
    for (const name of state === undefined ? [] : [state].flat()) {
      if (known.has(name)) continue;
      throw new RuleError(`/rules/${i}/when/state`, `no rule sets the state ${name}${suggestion(name, [...known])}`);
    }
  }
}

/** All that sets a state. */
function settings(spec: RulesSpec): { name: string }[] {
  const actions = [...actionLists(spec)].flatMap((list) => list.actions);
  return actions.flatMap(({ setState }) => (setState === undefined ? [] : [{ name: setState }]));
}

/** What a match says against itself, as what the rules do. */
function withPointer<T>(pointer: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof MatchError) throw new RuleError(`${pointer}${error.pointer}`, error.message);
    throw error;
  }
}
