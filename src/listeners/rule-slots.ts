/**
 * What the rules of a listener count, over all its threads and lists: a rule that stays the same, name and body, keeps its
 * slot and with it its counts; names of states are only ever added. Made by main, so it outlives a thread.
 */
import { isDeepStrictEqual } from 'node:util';
import { ProblemError } from '../errors.ts';
import { createPeerMemory } from '../runtime/peer-table.ts';
import { ruleName, statesOf } from '../runtime/pipeline/rules/compile.ts';
import { ENTRIES_A_PEER } from '../runtime/pipeline/rules/shared-peers.ts';
import { createRuleMemory, MOST_SLOTS, RuleCells } from '../runtime/rule-cells.ts';
import { DEFAULT_PEERS } from '../schemas/limits.ts';
import type { FullSpec } from '../schemas/listener.ts';
import { MOST_STATES } from '../schemas/rule-names.ts';
import type { Rule, RulesSpec } from '../schemas/rules.ts';
import type { RuleCellsHandle } from '../workers/protocol.ts';

type Slot = { rule: Rule; slot: number };

export class RuleSlots {
  #memory: SharedArrayBuffer | null = null;
  #slots: Slot[] = [];
  #next = 1;
  #free: number[] = [];
  #states: string[] = [];
  /** Of peers that threads share, and for how many of them. */
  #peers: { memory: SharedArrayBuffer; most: number } | null = null;

  /**
   * The slots of a list of rules, which may be the one in force. Throws 422 where there have been too many, and changes
   * nothing then.
   * @param sharesPeers connections of one peer come to several threads
   */
  assign(spec: RulesSpec, sharesPeers = false): RuleCellsHandle {
    const states = this.#withStatesOf(spec);
    this.#memory ??= createRuleMemory();
    this.#states = [...states];
    const before = this.#slots;
    const byName = new Map(before.map((one) => [one.rule.name, one]));
    this.#slots = spec.rules.map((rule, i) => {
      const one = { ...rule, name: ruleName(rule, i) };
      const same = byName.get(one.name);
      return { rule: one, slot: same !== undefined && isSameRule(same.rule, one) ? same.slot : 0 };
    });
    const kept = new Set(this.#slots.map(({ slot }) => slot));
    this.#free.push(...before.filter(({ slot }) => !kept.has(slot)).map(({ slot }) => slot));
    for (const one of this.#slots) if (one.slot === 0) one.slot = this.#take();
    const handle = { memory: this.#memory, slots: this.#slots.map(({ slot }) => slot), states: [...this.#states] };
    return sharesPeers && knowsPeers(spec) ? { ...handle, peers: this.#peersOf(spec) } : handle;
  }

  /** Peers go on while as many may be known; for another number all begin anew. */
  #peersOf({ state }: RulesSpec): SharedArrayBuffer {
    const most = state?.max ?? DEFAULT_PEERS;
    if (this.#peers?.most !== most) this.#peers = { memory: createPeerMemory(most * ENTRIES_A_PEER), most };
    return this.#peers!.memory;
  }

  /** There are no rules any more: those that come later begin anew, in memory that no thread counts in. */
  clear(): void {
    this.#memory = null;
    this.#slots = [];
    this.#next = 1;
    this.#free = [];
    this.#states = [];
    this.#peers = null;
  }

  /** Throws as `assign` would. */
  check(spec: RulesSpec): void {
    this.#withStatesOf(spec);
  }

  #withStatesOf(spec: RulesSpec): Set<string> {
    const states = new Set([...this.#states, ...statesOf(spec)]);
    if (states.size <= MOST_STATES) return states;
    throw new ProblemError('unprocessable', `a listener has at most ${MOST_STATES} states in its life`);
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

/** Connections of one address come to any thread; datagrams of one peer always to the same. */
export function sharesPeers({ protocol, threads }: Pick<FullSpec, 'protocol' | 'threads'>): boolean {
  return protocol === 'tcp' && threads > 1;
}

function knowsPeers({ state, rules }: RulesSpec): boolean {
  return state?.scope === 'peer' || rules.some(({ per }) => per === 'peer');
}
