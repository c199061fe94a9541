/** Which codec a framing means: a new one is a file of its own, its schema, and a line here. */
import type { Framing } from '../../schemas/framing.ts';
import { LONGEST_MAX_FRAME, MAX_FRAME } from '../../schemas/limits.ts';
import { PayloadError } from '../../schemas/payload.ts';
import { parseBytes, parseDuration, whyNotDuration } from '../../schemas/units.ts';
import { CobsCodec } from './cobs.ts';
import { ContentLengthCodec } from './content-length.ts';
import { DelimiterCodec } from './delimiter.ts';
import { mllpCodec, stxEtxCodec } from './enclosed.ts';
import { FixedCodec } from './fixed.ts';
import type { FrameCodec } from './frame-codec.ts';
import { GatheringCodec } from './gathering.ts';
import { LengthCodec } from './length.ts';
import { LineCodec } from './line.ts';
import { NetstringCodec } from './netstring.ts';
import { WholeCodec } from './none.ts';
import { OctetCountingCodec } from './octet-counting.ts';
import { RespCodec } from './resp.ts';
import { SlipCodec } from './slip.ts';

const DEFAULT_GAP = '20ms';

/** Throws PayloadError, whose field names the member, for a framing that can't be; main has checked it before the spec came here. */
export function createCodec(framing: Framing): FrameCodec {
  const maxFrame = maxFrameOf(framing.maxFrame);
  switch (framing.type) {
    case 'none':
      return new WholeCodec(maxFrame);
    case 'line':
      return new LineCodec(framing, maxFrame);
    case 'delimiter':
      return new DelimiterCodec(framing, maxFrame);
    case 'fixed':
      return new FixedCodec(framing, maxFrame);
    case 'length':
      return new LengthCodec(framing, maxFrame);
    case 'octetCounting':
      return new OctetCountingCodec(maxFrame);
    case 'netstring':
      return new NetstringCodec(maxFrame);
    case 'contentLength':
      return new ContentLengthCodec(framing, maxFrame);
    case 'stxEtx':
      return stxEtxCodec(framing, maxFrame);
    case 'mllp':
      return mllpCodec(maxFrame);
    case 'slip':
      return new SlipCodec(maxFrame);
    case 'cobs':
      return new CobsCodec(maxFrame);
    case 'resp':
      return new RespCodec(maxFrame);
    case 'idle':
      return new GatheringCodec(gapOf(framing.gap), maxFrame);
    case 'untilClose':
      return new GatheringCodec(null, maxFrame);
    default:
      return framing satisfies never;
  }
}

function gapOf(gap: string | number = DEFAULT_GAP): number {
  const milliseconds = parseDuration(gap);
  if (milliseconds === undefined) throw new PayloadError('gap', whyNotDuration(gap));
  return Math.max(1, milliseconds);
}

/** Bytes of a frame at most. */
function maxFrameOf(size: string | number = MAX_FRAME): number {
  const bytes = parseBytes(size);
  if (bytes === undefined || bytes < 1 || bytes > LONGEST_MAX_FRAME)
    throw new PayloadError('maxFrame', `must be 1 to ${LONGEST_MAX_FRAME} bytes`);
  return bytes;
}
