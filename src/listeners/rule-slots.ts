/**
 * What the rules of a listener count, over all its threads and lists: a rule that stays the same, name and body, keeps its
 * slot and with it its counts; names of states are only ever added. Made by main, so it outlives a thread.
 */
import { isDeepStrictEqual } from 'node:util';
import { ProblemError } from '../errors.ts';
import { compileRules, type Protocol, ruleName } from '../runtime/pipeline/rules/compile.ts';
import { createRuleMemory, MOST_SLOTS, RuleCells } from '../runtime/rule-cells.ts';
import { MOST_STATES, type Rule, type RulesSpec } from '../schemas/rules.ts';
import type { RuleCellsHandle } from '../workers/protocol.ts';

type Slot = { rule: Rule; slot: number };

export class RuleSlots {
  #memory: SharedArrayBuffer | null = null;
  #slots: Slot[] = [];
  #next = 1;
  #free: number[] = [];
  readonly #states: string[] = [];

  /** The slots of a list of rules, which may be the one in force. Throws 422 where there have been too many. */
  assign(spec: RulesSpec, protocol: Protocol): RuleCellsHandle {
    this.#memory ??= createRuleMemory();
    const { states } = compileRules(spec, protocol);
    for (const state of states) if (!this.#states.includes(state)) this.#states.push(state);
    if (this.#states.length > MOST_STATES)
      throw new ProblemError('unprocessable', `a listener has at most ${MOST_STATES} states in its life`);
    const before = this.#slots;
    this.#slots = spec.rules.map((rule, i) => ({ rule: { ...rule, name: ruleName(rule, i) }, slot: 0 }));
    for (const one of this.#slots) one.slot = before.find(({ rule }) => isSameRule(rule, one.rule))?.slot ?? 0;
    const kept = new Set(this.#slots.map(({ slot }) => slot));
    this.#free.push(...before.filter(({ slot }) => !kept.has(slot)).map(({ slot }) => slot));
    for (const one of this.#slots) if (one.slot === 0) one.slot = this.#take();
    return { memory: this.#memory, slots: this.#slots.map(({ slot }) => slot), states: [...this.#states] };
  }

  /** What the rules in force have counted; null where there are none. */
  get cells(): RuleCells | null {
    if (this.#memory === null) return null;
    return new RuleCells({ memory: this.#memory, slots: this.#slots.map(({ slot }) => slot), states: this.#states });
  }

  /** A thread that has not heard of the new list yet may still count in a slot that was given away: it is taken again last. */
  #take(): number {
    if (this.#next < MOST_SLOTS) return this.#next++;
    const slot = this.#free.shift();
    if (slot === undefined) throw new ProblemError('unprocessable', `a listener has at most ${MOST_SLOTS} rules`);
    RuleCells.clear(this.#memory!, slot);
    return slot;
  }
}

/** Whether it is switched on does not change what it is. */
function isSameRule(a: Rule, b: Rule): boolean {
  return isDeepStrictEqual({ ...a, enabled: true }, { ...b, enabled: true });
}
