/** Why the journal refuses a request. Crosses threads as plain data and is an error with that code again on the other side. */
export type JournalErrorCode =
  /** `after` lies beyond the end. */
  | 'cursor_ahead'
  /** The text is no cursor of this scope. */
  | 'cursor_invalid'
  | 'filter_invalid'
  | 'unknown_listener'
  | 'unsupported'
  /** The export has ended or was given up. */
  | 'export_gone'
  /** The reader has gone. */
  | 'aborted'
  /** The journal was closed, or its thread has died. */
  | 'closed'
  /** Nothing can be stored at the moment, e.g. the disk is full. */
  | 'storage'
  /** So many of a kind are under way that there is no room for one more. */
  | 'limit_reached'
  | 'internal';

export class JournalError extends Error {
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a reader gets that has gone before its answer came. */
export function readerGone(): JournalError {
  return new JournalError('aborted', 'the reader has gone');
}
