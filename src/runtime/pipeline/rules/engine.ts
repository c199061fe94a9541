/**
 * Decides by rules. The first enabled rule of the event that matches and is not used up wins. States, `times`, `nth`,
 * `cycle` and `choose` move when it is decided, in one step: over several threads by compare-and-set, and who loses the
 * race gives back what it took and decides again.
 */
import { isDeepStrictEqual } from 'node:util';
import { suggestion } from '../../../nearest.ts';
import type { Draw } from '../../../schemas/draw.ts';
import type { Rule, RulesSpec } from '../../../schemas/rules.ts';
import { COLUMN } from '../../counters.ts';
import { createRuleMemory, RuleCells } from '../../rule-cells.ts';
import {
  type Action,
  type Behavior,
  type BehaviorContext,
  type DatagramPeer,
  type Decision,
  NO_ACTION,
  type TimedEvent,
  type Timing,
} from '../behavior.ts';
import type { Request } from '../request.ts';
import { type CompiledRule, type CompiledRules, compileRules, type Protocol, ruleName } from './compile.ts';
import { draw } from './draws.ts';
import type { Outcome } from './outcome.ts';
import { PeerStates } from './peer-states.ts';
import { RuleCounts } from './rule-counts.ts';
import { RuleError } from './rule-error.ts';
import type { PeerScope, RulePeer, RulePeers } from './rule-peer.ts';
import { SharedPeers } from './shared-peers.ts';

/** Turns of a race for the listener's state that a message takes part in; beyond them the state is what it is. */
const MOST_TRIES = 1000;

/** Throws RuleError; main has checked it before the spec came here. */
export function rules(spec: RulesSpec, context: BehaviorContext): Behavior {
  return new RulesBehavior(spec, context);
}

export class RulesBehavior implements Behavior {
  readonly silent = false;
  readonly onConnect: Behavior['onConnect'];
  readonly onHalfClose: Behavior['onHalfClose'];
  readonly timing: Timing | undefined;
  readonly #rules: CompiledRules;
  readonly #indexes: ReadonlyMap<CompiledRule, number>;
  /** Rules by name, and in their order the numbers that their counts of a peer have. */
  readonly #known: ReadonlyMap<string, KnownRule>;
  readonly #numbers: readonly number[];
  readonly #messages: readonly CompiledRule[];
  readonly #connects: readonly CompiledRule[];
  readonly #protocol: Protocol;
  readonly #seed: number;
  readonly #cells: RuleCells;
  readonly #peers: PeerStates;
  /** Peers that all threads know; null where this one knows its own. */
  readonly #sharedPeers: SharedPeers | null;
  readonly #row: Float64Array;
  /** What is at hand is no message, so peers are silent. */
  #isTimed = false;
  /** What was drawn last. */
  #drawn: Draw | null = null;
  /** What the message at hand has taken of counts. */
  #attempt: RuleCounts[] = [];

  constructor(spec: RulesSpec, { cells, counters, protocol = 'tcp', before }: BehaviorContext) {
    this.#rules = compileRules(spec, protocol, (rule) => this.#cells.take(rule, 'delays') - 1);
    this.#protocol = protocol;
    this.#seed = spec.seed ?? 0;
    this.#cells = cells ?? ownCells(this.#rules);
    this.#row = counters.row;
    this.#indexes = new Map(this.#rules.rules.map((rule, i) => [rule, i]));
    const of = (event: string) => this.#rules.rules.filter(({ enabled, on }) => enabled && on.kind === event);
    this.#messages = of('message');
    this.#connects = of('connect');
    const halfCloses = of('halfClose');
    const { initial, max: most, idle, scope } = this.#rules;
    const rulesBefore = before instanceof RulesBehavior ? before : null;
    this.#known = knownRules(spec, rulesBefore === null ? undefined : rulesBefore.#known);
    this.#numbers = this.#rules.rules.map(({ name }) => this.#known.get(name)!.number);
    const bounds = { initial, most, idle, rules: this.#numbers };
    if (rulesBefore !== null && rulesBefore.#rules.scope === scope) {
      this.#peers = rulesBefore.#peers;
      this.#peers.change(bounds);
    } else this.#peers = new PeerStates(bounds);
    const { peers, states } = this.#cells;
    this.#sharedPeers = peers === null ? null : new SharedPeers(peers, { initial, idle, states });
    if (protocol === 'tcp' && this.#connects.length > 0)
      this.onConnect = (request) => this.#decideEvent(this.#connects, request);
    const events = this.#timedEvents();
    if (events.length > 0) this.timing = { events, most, idle };
    if (halfCloses.length > 0) this.onHalfClose = (request) => this.#decideEvent(halfCloses, request);
  }

  decide(request: Request): Decision {
    const isFirst = this.#connects.length > 0 && this.#protocol === 'udp' && !this.#peers.knows(request);
    const greeting = isFirst ? this.#greeting(request) : null;
    const outcome = this.#choose(this.#messages, request);
    if (isFirst) this.#peers.of(request, 'peer');
    if (outcome === null) this.#row[COLUMN.unmatched]!++;
    const { decision } = outcome ?? this.#rules.otherwise;
    if (outcome === null && this.#rules.otherwise.state !== null) this.#moveTo(request, this.#rules.otherwise.state);
    if (greeting === null) return decision;
    return { ...decision, actions: [...greeting, ...decision.actions] };
  }

  /** What is said to a peer of datagrams before its first message is decided on; null: nothing. */
  #greeting(request: Request): Action[] | null {
    const outcome = this.#choose(this.#connects, request);
    if (outcome === null) return null;
    const { capturesBy, state } = request;
    return outcome.decision.actions.map((action) => filledLike(action, { capturesBy, state }));
  }

  forget(connection: number): void {
    this.#peers.forget(connection);
  }

  /** The state in which a message like this is decided. */
  stateOf(request: Request): string {
    const { scope } = this.#rules;
    return scope === 'listener' ? this.#cells.state : this.#knowing(scope).stateOf(request, scope);
  }

  /** Puts whoever a message comes from in a state. Throws RuleError for one that nothing sets. */
  enter(request: Request, state: string): void {
    const { states } = this.#rules;
    if (!states.includes(state))
      throw new RuleError('/state', `no rule sets the state ${state}${suggestion(state, states)}`);
    this.#moveTo(request, state);
  }

  knownPeers(): Iterable<DatagramPeer> {
    return this.#protocol === 'udp' ? this.#peers.datagramPeers() : [];
  }

  /** How many peers or connections are in each state, as far as this thread knows. */
  census(): Record<string, number> {
    const { scope } = this.#rules;
    return scope === 'listener' ? { [this.#cells.state]: 1 } : this.#knowing(scope).census(scope);
  }

  /** One for each span of time that a rule names. */
  #timedEvents(): TimedEvent[] {
    const events = new Map<string, { event: TimedEvent; rules: CompiledRule[] }>();
    for (const rule of this.#rules.rules) {
      const { kind, ms } = rule.on;
      if (!rule.enabled || (kind !== 'idle' && kind !== 'every')) continue;
      const key = `${kind} ${ms}`;
      const found = events.get(key);
      if (found !== undefined) found.rules.push(rule);
      else {
        const rules = [rule];
        events.set(key, { event: { kind, ms, decide: (request) => this.#decideTimed(rules, request) }, rules });
      }
    }
    return [...events.values()].map(({ event }) => event);
  }

  #decideTimed(candidates: readonly CompiledRule[], request: Request): Decision {
    this.#isTimed = true;
    try {
      return this.#decideEvent(candidates, request);
    } finally {
      this.#isTimed = false;
    }
  }

  /** Where what is known of peers, or of connections, lies. */
  #knowing(scope: PeerScope): RulePeers {
    return (scope === 'peer' ? this.#sharedPeers : null) ?? this.#peers;
  }

  #peerOf(request: Request, scope: PeerScope): RulePeer {
    const peers = this.#knowing(scope);
    return this.#isTimed ? peers.whenSilent(request, scope) : peers.of(request, scope);
  }

  #decideEvent(candidates: readonly CompiledRule[], request: Request): Decision {
    return this.#choose(candidates, request)?.decision ?? NO_ACTION;
  }

  /** The rule that wins, with what it says; null when none does. */
  #choose(candidates: readonly CompiledRule[], request: Request): Outcome | null {
    const { scope } = this.#rules;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const peer = scope === 'listener' ? null : this.#peerOf(request, scope);
      const state = peer?.state ?? this.#cells.state;
      const won = this.#first(candidates, request, state);
      // The request is filled anew for each message: nothing of the last decision may be left in it.
      request.state = state;
      request.capturesBy = null;
      request.draw = null;
      if (won === null) return null;
      const { rule, outcome } = won;
      if (outcome.state !== null && outcome.state !== state) {
        const isChanged =
          peer === null ? this.#cells.changeState(state, outcome.state) : peer.changeState(outcome.state);
        if (!isChanged) {
          for (const counts of this.#attempt) counts.undo();
          continue;
        }
      }
      request.capturesBy = rule.captures;
      if (rule.alternatives.kind === 'choose') request.draw = this.#drawn;
      this.#cells.hit(this.#indexes.get(rule)!);
      return outcome;
    }
    return null;
  }

  #moveTo(request: Request, state: string): void {
    const { scope } = this.#rules;
    const change = () =>
      scope === 'listener'
        ? this.#cells.changeState(this.#cells.state, state)
        : this.#peerOf(request, scope).changeState(state);
    for (let i = 0; i < MOST_TRIES && !change(); i++);
  }

  #first(candidates: readonly CompiledRule[], request: Request, state: string): Won | null {
    this.#attempt = [];
    for (const rule of candidates) {
      if (rule.states !== null && !rule.states.has(state)) continue;
      if (rule.test !== null && !rule.test.holds(request)) continue;
      const index = this.#indexes.get(rule)!;
      const counts = new RuleCounts(this.#cells, index, this.#numbers[index]!, this.#countedFor(rule, request));
      this.#attempt.push(counts);
      if (rule.nth !== null && !rule.nth(counts.take('nth'))) continue;
      if (rule.times !== null && counts.take('times') > rule.times) {
        counts.giveBack('times');
        continue;
      }
      const outcome = this.#alternative(rule, counts);
      if (outcome !== null) return { rule, outcome };
      counts.undo();
    }
    return null;
  }

  /** Null: its cycle has ended, and the next rule is to be looked at. */
  #alternative({ alternatives, name }: CompiledRule, counts: RuleCounts): Outcome | null {
    if (alternatives.kind === 'then') return alternatives.outcome;
    if (alternatives.kind === 'choose') {
      const { bounds, outcomes } = alternatives;
      const index = counts.take('draws') - 1;
      const value = draw(this.#seed, name, index);
      const place = bounds.findIndex((bound) => value < bound);
      const choice = place === -1 ? outcomes.length - 1 : place;
      this.#drawn = { index, value, choice };
      return outcomes[choice]!;
    }
    const { steps, length, onEnd } = alternatives;
    const turn = counts.take('cycle') - 1;
    if (turn >= length && onEnd === 'next') return null;
    const at = onEnd === 'loop' ? turn % length : Math.min(turn, length - 1);
    return steps.findLast(({ from }) => from <= at)!.outcome;
  }

  #countedFor({ per, nth, times, alternatives }: CompiledRule, request: Request): RulePeer | null {
    if (per === 'listener' || (nth === null && times === null && alternatives.kind === 'then')) return null;
    return this.#peerOf(request, per);
  }
}

type KnownRule = { rule: Rule; number: number };
let lastNumber = 0;

/** A rule that stays the same, name and body, keeps its number. Whether it is switched on does not change what it is. */
function knownRules({ rules: list }: RulesSpec, before?: ReadonlyMap<string, KnownRule>): Map<string, KnownRule> {
  return new Map(
    list.map((rule, i) => {
      const name = ruleName(rule, i);
      const body = { ...rule, name, enabled: true };
      const known = before?.get(name);
      return [name, isDeepStrictEqual(known?.rule, body) ? known! : { rule: body, number: ++lastNumber }];
    }),
  );
}

/** The same action, filled in from what was decided with it and not from what is decided next. */
function filledLike(action: Action, decided: Pick<Request, 'capturesBy' | 'state'>): Action {
  if ((action.do !== 'send' && action.do !== 'sendTo') || typeof action.payload !== 'function') return action;
  const fill = action.payload;
  return {
    ...action,
    payload(request) {
      const { capturesBy, state } = request;
      Object.assign(request, decided);
      try {
        return fill(request);
      } finally {
        Object.assign(request, { capturesBy, state });
      }
    },
  };
}

type Won = { rule: CompiledRule; outcome: Outcome };

/** For a list that is tried out, and in tests: cells that nobody shares. */
export function ownCells({ rules: list, states }: CompiledRules): RuleCells {
  return new RuleCells({
    memory: createRuleMemory(list.length),
    slots: list.map((_, i) => i + 1),
    states: [...states],
  });
}
