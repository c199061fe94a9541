/** Answers each message with its own bytes, the end of a line included. */

import type { Behavior, Decision } from '../behavior.ts';
import type { Request } from '../request.ts';

export function echo(): Behavior {
  const payload = (request: Request) => withTerminator(request.payload, request.terminator);
  const decision: Decision = { actions: [{ do: 'send', payload, repeats: true }] };
  return { silent: false, decide: () => decision };
}

/** The payload with what ended it in the stream. No copy when nothing did. */
export function withTerminator(payload: Uint8Array, terminator: Uint8Array): Uint8Array {
  if (terminator.length === 0) return payload;
  const whole = new Uint8Array(payload.length + terminator.length);
  whole.set(payload);
  whole.set(terminator, payload.length);
  return whole;
}
