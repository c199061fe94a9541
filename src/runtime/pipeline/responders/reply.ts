/** Answers with a fixed or templated payload, at once or after a delay, every time or the first `times` times. */
import { payloadBytes } from '../../../schemas/payload.ts';
import type { PlainResponder as ResponderSpec } from '../../../schemas/responder.ts';
import { parseDuration } from '../../../schemas/units.ts';
import { type Action, type Behavior, type BehaviorContext, type Decision, NO_ACTION } from '../behavior.ts';
import { payloadTemplate } from '../template/compile.ts';

export function reply(spec: Extract<ResponderSpec, { type: 'reply' }>, context: BehaviorContext): Behavior {
  const ms = spec.delay === undefined ? 0 : (parseDuration(spec.delay) ?? 0);
  const send = sendAction(spec);
  const decision: Decision = { actions: ms > 0 ? [{ do: 'delay', ms }, send] : [send] };
  if (spec.times === undefined) return { silent: false, decide: () => decision };
  const last = context.repliesBefore + spec.times;
  const decide = () => (context.counters.take('reply') > last ? NO_ACTION : decision);
  return { silent: false, decide };
}

function sendAction(spec: Extract<ResponderSpec, { type: 'reply' }>): Action {
  const how = spec.raw === true ? { raw: true } : {};
  if (spec.template !== true) return { do: 'send', payload: payloadBytes(spec), ...how };
  const compiled = payloadTemplate(spec);
  return { do: 'send', payload: (request) => compiled.render(request), ...how };
}
