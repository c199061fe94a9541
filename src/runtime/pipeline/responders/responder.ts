/**
 * Responder: what a listener answers. Compiled once for a binding, then asked for each message. An answer is nothing,
 * some bytes, or steps in order; the binding sends and records it.
 */
import type { Responder as ResponderSpec } from '../../../schemas/responder.ts';
import type { BindingCounters } from '../../counters.ts';
import type { Request } from '../request.ts';
import { echo } from './echo.ts';
import { reply } from './reply.ts';
import { upper } from './upper.ts';

/** What happens for one message, in order. Delays are milliseconds. */
export type Step = { reply: Uint8Array } | { delay: number };
/** null: no answer. */
export type Answer = null | Uint8Array | readonly Step[];

export type Responder = {
  /** It never answers: engines then skip everything that serves answers only. */
  readonly silent: boolean;
  /** The exchange may be reused by the caller afterwards; its payload must not. */
  respond(request: Request): Answer;
};

/** What a responder may know of the binding it serves. */
export type ResponderContext = {
  /** Replies given before this responder came, see LiveSpec.repliesBefore. */
  repliesBefore: number;
  counters: BindingCounters;
  /** Told when an answer could not be made. */
  internalError(error: unknown, ordinal: number | null): void;
};

/**
 * Throws PayloadError or TemplateError; main has checked both before the spec came here. The responder itself throws
 * nothing: a message for which no answer can be made gets none, and that is told.
 */
export function compileResponder(spec: ResponderSpec, context: ResponderContext): Responder {
  const { silent, respond } = compile(spec, context);
  return { silent, respond: silent ? respond : guarded(respond, context) };
}

function guarded(respond: Responder['respond'], context: ResponderContext): Responder['respond'] {
  return (request) => {
    try {
      return respond(request);
    } catch (error) {
      context.internalError(error, request.ordinal);
      return null;
    }
  };
}

function compile(spec: ResponderSpec, context: ResponderContext): Responder {
  switch (spec.type) {
    case 'none':
      return { silent: true, respond: () => null };
    case 'echo':
      return echo();
    case 'upper':
      return upper(spec.strip ?? true);
    case 'reply':
      return reply(spec, context);
    default:
      return spec satisfies never;
  }
}
