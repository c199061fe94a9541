/** What ends each message of a stream and is no part of it, as captures show it again without its being kept with each. */
import type { Framing } from '../../schemas/framing.ts';
import { delimiterOf } from './delimiter.ts';
import { NOTHING } from './frame-codec.ts';

const LF = Uint8Array.of(0x0a);

/** Empty where a frame is the message, or more than the two. A message that ends otherwise has its frame kept with it. */
export function terminatorOf(framing: Framing): Uint8Array {
  if (framing.type === 'line') return framing.body == null ? LF : NOTHING;
  if (framing.type === 'delimiter' && framing.keep !== true) return delimiterOf(framing);
  return NOTHING;
}
