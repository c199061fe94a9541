/** Where the actions of rules stand: all lists of them, for whoever looks at each. */

import type { RuleAction } from './rule-action.ts';
import type { Rule, RulesSpec } from './rules.ts';

export type ActionList = {
  actions: readonly RuleAction[];
  /** Where it is in the responder. */
  path: (string | number)[];
  /** Null: for messages that no rule matched. */
  rule: Rule | null;
};

export function* actionLists({ rules, otherwise = [] }: Pick<RulesSpec, 'rules' | 'otherwise'>): Generator<ActionList> {
  for (const [i, rule] of rules.entries()) yield* listsOf(rule, ['rules', i]);
  yield { actions: otherwise, path: ['otherwise'], rule: null };
}

function* listsOf(rule: Rule, path: ActionList['path']): Generator<ActionList> {
  const { then: actions = [], cycle, choose } = rule;
  yield { actions, path: [...path, 'then'], rule };
  for (const [i, step] of (cycle?.steps ?? []).entries())
    yield { actions: step.then, path: [...path, 'cycle', 'steps', i, 'then'], rule };
  for (const [i, one] of (choose ?? []).entries())
    yield { actions: one.then, path: [...path, 'choose', i, 'then'], rule };
}
