/** Answers with a fixed or templated payload, at once or after a delay, every time or the first `times` times. */
import { payloadBytes } from '../../../schemas/payload.ts';
import type { Responder as ResponderSpec } from '../../../schemas/responder.ts';
import { parseDuration } from '../../../schemas/units.ts';
import type { Request } from '../request.ts';
import type { Answer, Responder, ResponderContext } from './responder.ts';
import { compileTemplate } from './template.ts';

export function reply(spec: Extract<ResponderSpec, { type: 'reply' }>, context: ResponderContext): Responder {
  const make = maker(payloadBytes(spec), spec.template ?? false);
  const delay = spec.delay === undefined ? 0 : (parseDuration(spec.delay) ?? 0);
  const last = spec.times === undefined ? null : context.repliesBefore + spec.times;
  const answer = (request: Request): Answer => {
    const payload = make(request);
    return delay > 0 ? [{ delay }, { reply: payload }] : payload;
  };
  if (last === null) return { silent: false, respond: answer };
  return { silent: false, respond: (request) => (context.counters.take('reply') > last ? null : answer(request)) };
}

function maker(payload: Uint8Array, template: boolean): (request: Request) => Uint8Array {
  if (!template) return () => payload;
  const compiled = compileTemplate(payload);
  return (request) => compiled.render(request);
}
