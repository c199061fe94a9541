/**
 * Framer: cuts a TCP byte stream into messages, one object a connection. It keeps what is not whole yet, at most a
 * frame's length; what it emits does not depend on how the stream was cut on its way.
 */
import type { Framing } from '../../schemas/framing.ts';
import { LineFramer } from './line.ts';
import { WholeFramer } from './none.ts';

/** Takes a message and what ended it in the stream (empty when nothing did). Both stay as they are afterwards. */
export type Emit = (frame: Uint8Array, terminator: Uint8Array) => void;

export interface Framer {
  /** Takes what was read; the memory must not change afterwards. Emits what is whole now. */
  push(bytes: Uint8Array, emit: Emit): void;
  /** The stream has ended: emits the rest, if any. */
  end(emit: Emit): void;
}

/** Longest frame in bytes where nothing else is asked for. */
const MAX_FRAME = 65_536;

export function createFramer({ type, maxFrame = MAX_FRAME }: Framing): Framer {
  switch (type) {
    case 'none':
      return new WholeFramer(maxFrame);
    case 'line':
      return new LineFramer(maxFrame);
    default:
      return type satisfies never;
  }
}
