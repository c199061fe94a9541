/** Which behavior a responder means: a new one is a file of its own, its schema, and a line here. */
import type { PlainResponder as ResponderSpec } from '../../schemas/responder.ts';
import { type Behavior, type BehaviorContext, NO_ACTION } from './behavior.ts';
import { echo } from './responders/echo.ts';
import { reply } from './responders/reply.ts';
import { upper } from './responders/upper.ts';
import { rules } from './rules/engine.ts';

const NONE: Behavior = { silent: true, decide: () => NO_ACTION };

/** Throws PayloadError or TemplateError; main has checked both before the spec came here. */
export function compileBehavior(spec: ResponderSpec, context: BehaviorContext): Behavior {
  switch (spec.type) {
    case 'none':
      return NONE;
    case 'echo':
      return echo();
    case 'upper':
      return upper(spec.strip ?? true);
    case 'reply':
      return reply(spec, context);
    case 'rules':
      return rules(spec, context);
    default:
      return spec satisfies never;
  }
}
