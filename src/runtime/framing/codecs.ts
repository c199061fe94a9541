/** Which codec a framing means: a new one is a file of its own, its schema, and a line here. */
import type { Framing } from '../../schemas/framing.ts';
import { DelimiterCodec } from './delimiter.ts';
import type { FrameCodec } from './frame-codec.ts';
import { LineCodec } from './line.ts';
import { WholeCodec } from './none.ts';

/** Longest frame in bytes where nothing else is asked for. */
const MAX_FRAME = 65_536;

/** Throws PayloadError for a delimiter that can't be decoded; main has checked it before the spec came here. */
export function createCodec(framing: Framing): FrameCodec {
  const { maxFrame = MAX_FRAME } = framing;
  switch (framing.type) {
    case 'none':
      return new WholeCodec(maxFrame);
    case 'line':
      return new LineCodec(maxFrame);
    case 'delimiter':
      return new DelimiterCodec(framing, maxFrame);
    default:
      return framing satisfies never;
  }
}
