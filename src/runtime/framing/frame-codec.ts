/**
 * FrameCodec: how messages lie in a byte stream, both ways; one object a connection. It keeps what is not whole yet, at
 * most a frame's length and what one read brought; what it finds does not depend on how the stream was cut on its way.
 */
/** A message of a stream. Its memory stays as it is. */
export type Frame = {
  readonly payload: Uint8Array;
  /** What ended it in the stream and is no part of it; empty when nothing did. */
  readonly terminator: Uint8Array;
};

export interface FrameCodec {
  /** Takes what was read; the memory must not change afterwards. */
  push(bytes: Uint8Array): void;
  /** The next whole frame, null when there is none yet. One at a time: the decision on it may change the framing. */
  next(): Frame | null;
  /** Takes out what was pushed and is in no frame yet. */
  rest(): Uint8Array;
  /** The stream has ended, and `next` has none any more: what is left of it, null when nothing is. */
  end(): Frame | null;
  /** A payload as it goes out. Returns the payload itself where nothing is to be added. */
  encode(payload: Uint8Array): Uint8Array;
}

/** No bytes: nothing ended a frame. */
export const NOTHING = new Uint8Array(0);
