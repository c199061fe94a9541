/** Framings with every default filled in, as they are read back. */
import type { Framing } from '../schemas/framing.ts';
import { MAX_FRAME } from '../schemas/limits.ts';
import { parseBytes } from '../schemas/units.ts';

type Kind = Framing['type'];

/** What a kind of framing has beside what all have. `strip` of `length` depends on its offset. */
const DEFAULTS: Partial<Record<Kind, object>> = {
  line: { eol: '\n', body: null },
  delimiter: { keep: false },
  fixed: { pad: null },
  length: { offset: 0, size: 4, endian: 'big', adjust: 0 },
  contentLength: { strip: true },
  stxEtx: { start: '02', end: '03', escape: null },
  idle: { gap: '20ms' },
};

export function fillFraming(framing: Framing): Framing {
  const { maxFrame = MAX_FRAME } = framing;
  const size = { maxFrame: parseBytes(maxFrame) ?? maxFrame };
  const filled = { ...DEFAULTS[framing.type], onError: 'fin', ...framing, ...size } as Framing;
  return filled.type === 'length' ? { ...filled, strip: filled.strip ?? filled.offset === 0 } : filled;
}
