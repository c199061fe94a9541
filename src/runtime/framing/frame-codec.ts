/**
 * FrameCodec: how messages lie in a byte stream, both ways; one object a connection. It keeps what is not whole yet, at
 * most a frame's length and what one read brought; what it finds does not depend on how the stream was cut on its way.
 */

/** A message of a stream, or bytes that are none. Its memory stays as it is. */
export type Frame = {
  readonly payload: Uint8Array;
  /** What ended it in the stream and is no part of it; empty when nothing did. */
  readonly terminator: Uint8Array;
  /** The bytes of the whole frame on the wire; null where they are the payload and its terminator. */
  readonly raw: Uint8Array | null;
  /** Why these bytes are no message: half, too long, or not to be decoded. The codec gives no further frame then. */
  readonly fault: FrameFault | null;
};

export type FrameFault = {
  /** What should have stood there, e.g. `a digit`. */
  readonly expected: string;
  /** Where, in bytes of the frame. */
  readonly offset: number;
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
  /**
   * A payload as it goes out. Returns the payload itself where nothing is to be added. Throws FramingError for one that no
   * frame can hold.
   * @param isRepeated it repeats a message with the ending that had, so lines get none
   */
  encode(payload: Uint8Array, isRepeated?: boolean): Uint8Array;
  /** Milliseconds of silence after which `silence` is called, where that ends a message. */
  readonly gap?: number;
  /** Nothing came for `gap`: what waits is whole. */
  silence?(): void;
}

/** A payload that no frame of this framing can hold. */
export class FramingError extends Error {
  readonly code = 'framing_error';
}

/** No bytes: nothing ended a frame. */
export const NOTHING = new Uint8Array(0);

/** A message that is followed by its terminator on the wire, or by nothing. */
export function plainFrame(payload: Uint8Array, terminator: Uint8Array = NOTHING): Frame {
  return { payload, terminator, raw: null, fault: null };
}

/** A message that looks otherwise on the wire. */
export function wrappedFrame(payload: Uint8Array, raw: Uint8Array): Frame {
  return { payload, terminator: NOTHING, raw, fault: null };
}

/** Bytes that are no message. */
export function faultyFrame(payload: Uint8Array, fault: FrameFault): Frame {
  return { payload, terminator: NOTHING, raw: null, fault };
}
