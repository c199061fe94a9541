/** Parts of a listener that have a type, without what filling in their defaults would add again. */
import { isDeepStrictEqual } from 'node:util';
import { fillFraming } from '../listeners/framing.ts';
import { fillResponder, fillRule } from '../listeners/responder.ts';
import type { Framing } from '../schemas/framing.ts';
import type { FullSpec } from '../schemas/listener.ts';

type Responder = FullSpec['responder'];
type Rules = Extract<Responder, { type: 'rules' }>;

export function shortFraming(framing: Framing): Framing {
  return without(framing, (rest) => fillFraming(rest));
}

/** A drawn seed stays: it is the one that repeats what was seen. */
export function shortResponder(responder: Responder, protocol: 'udp' | 'tcp'): Responder {
  if (responder.type === 'upper' || responder.type === 'reply') {
    const byDefault = { strip: true, template: false };
    return without(responder, (rest) => ({ ...byDefault, ...rest }));
  }
  return responder.type === 'rules' ? shortRules(responder, protocol) : responder;
}

function shortRules({ rules, state = {}, ...rest }: Rules, protocol: 'udp' | 'tcp'): Rules {
  const filled = fillResponder({ type: 'rules', rules: [], seed: 0 }, protocol) as Rules;
  const { fields, otherwise, state: stateByDefault } = filled;
  const short = {
    ...without({ ...rest }, (less) => ({ fields, otherwise, ...less })),
    state: without(state, (less) => ({ ...stateByDefault, ...less })),
    rules: rules.map((rule, i) => without(rule, (less) => fillRule(less, i))),
  };
  if (Object.keys(short.state).length > 0) return short;
  const { state: _, ...stateless } = short;
  return stateless;
}

/** The members without which filling in gives the same. */
function without<T extends object>(value: T, filled: (value: T) => unknown): T {
  const whole = filled(value);
  return Object.keys(value).reduce((rest, name) => {
    const less = Object.fromEntries(Object.entries(rest).filter(([each]) => each !== name)) as T;
    return isDeepStrictEqual(filled(less), whole) ? less : rest;
  }, value);
}
