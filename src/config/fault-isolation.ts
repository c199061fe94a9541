/**
 * A spec without the part that was refused, so that the rest can be judged. What others may refer to stays: the states that
 * a rule sets.
 */
import { parsePointer } from '../json/pointer.ts';
import { actionLists } from '../schemas/action-lists.ts';
import type { ListenerSpec } from '../schemas/listener.ts';
import type { RuleAction } from '../schemas/rule-action.ts';
import type { Rule, RulesSpec } from '../schemas/rules.ts';

/** Undefined where the fault concerns everything. */
export function withoutFault(spec: ListenerSpec, pointer: string): ListenerSpec | undefined {
  const [member, ...inside] = parsePointer(pointer);
  return member === undefined ? undefined : without(spec, member as keyof ListenerSpec, inside);
}

function without(spec: ListenerSpec, member: keyof ListenerSpec, inside: string[]): ListenerSpec | undefined {
  const { responder } = spec;
  if (member === 'protocol' || member === 'name') return undefined;
  if (member === 'responder' && responder?.type === 'rules' && Array.isArray(responder.rules)) {
    const rules = rulesWithout(responder, inside);
    return rules === undefined ? undefined : { ...spec, responder: rules };
  }
  const [part] = inside;
  const value: unknown = spec[member];
  if (part === undefined || typeof value !== 'object' || value === null) return omit(spec, member);
  if (Array.isArray(value)) return { ...spec, [member]: value.toSpliced(Number(part), 1, ANY_ADDRESS) };
  return member === 'tcp' ? { ...spec, tcp: omit(value, part as never) } : omit(spec, member);
}

function omit<T extends object>(value: T, member: keyof T): T {
  const { [member]: _, ...rest } = value;
  return rest as T;
}

/** What a list of addresses may hold, in place of what it may not. */
const ANY_ADDRESS = '::1';

/** Fields stay: rules name them, and would all be refused without. */
function rulesWithout(spec: RulesSpec, [list, place]: string[]): RulesSpec | undefined {
  if (list === 'otherwise') return { ...spec, otherwise: statesSet({ rules: [], otherwise: spec.otherwise ?? [] }) };
  const i = Number(place);
  const rule = list === 'rules' ? spec.rules[i] : undefined;
  return rule === undefined ? undefined : { ...spec, rules: spec.rules.with(i, silent(rule)) };
}

function silent(rule: Rule): Rule {
  return { then: statesSet({ rules: [rule], otherwise: [] }) };
}

/** Of what has not the form of actions: none. */
function statesSet(spec: Pick<RulesSpec, 'rules' | 'otherwise'>): RuleAction[] {
  try {
    return [...actionLists(spec)].flatMap(({ actions }) =>
      actions.filter(({ setState }) => typeof setState === 'string').map(({ setState }) => ({ setState: setState! })),
    );
  } catch {
    return [];
  }
}
