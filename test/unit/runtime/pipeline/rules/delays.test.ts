/** Delays that are drawn: they go on with a rule that stays the same, wherever it stands and whichever thread asks. */
import t from 'tap';
import { BindingCounters, createCounters } from '../../../../../src/runtime/counters.ts';
import { Request } from '../../../../../src/runtime/pipeline/request.ts';
import { RulesBehavior } from '../../../../../src/runtime/pipeline/rules/engine.ts';
import { createRuleMemory, RuleCells } from '../../../../../src/runtime/rule-cells.ts';
import type { Rule, RulesSpec } from '../../../../../src/schemas/rules.ts';

const counters = new BindingCounters(createCounters(1), 0);
const slow: Rule = { name: 'slow', then: [{ delay: { base: '20ms', jitter: '20ms' } }] };
const other: Rule = { name: 'other', when: { text: { equals: 'y' } }, then: [] };

function behavior(rules: Rule[], cells: RuleCells): RulesBehavior {
  const spec: RulesSpec = { type: 'rules', seed: 7, rules };
  return new RulesBehavior(spec, { repliesBefore: 0, counters, protocol: 'udp', cells });
}

function delay(of: RulesBehavior): number {
  const [action] = of.decide(new Request({ thread: 'shared-1', listener: 'l', localPort: 1 })).actions;
  if (action?.do !== 'delay' || typeof action.ms === 'number') throw new Error('no delay that is drawn');
  return action.ms();
}

t.test('a list that is changed and a second thread draw what comes next', async (t) => {
  const cellsOf = (slots: number[], memory = createRuleMemory(4)) =>
    new RuleCells({ memory, slots, states: ['start'] });
  const alone = behavior([slow], cellsOf([1]));
  const expected = Array.from({ length: 4 }, () => delay(alone));
  t.equal(new Set(expected).size, 4);
  const memory = createRuleMemory(4);
  const [first, second] = [0, 1].map(() => behavior([slow], cellsOf([1], memory)));
  const changed = behavior([other, slow], cellsOf([2, 1], memory));
  t.same([delay(first!), delay(second!), delay(changed), delay(first!)], expected);
});
