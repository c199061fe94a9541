/**
 * The table of errors: every `code` a client can meet, its HTTP status and title (RFC 9457). The domain throws
 * ProblemError; the HTTP face writes it as application/problem+json.
 */
export const PROBLEMS = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'A valid token is needed' },
  host_not_allowed: { status: 403, title: 'This Host is not allowed' },
  origin_not_allowed: { status: 403, title: 'This Origin is not allowed' },
  bind_not_allowed: { status: 403, title: 'Listening on this address is not allowed' },
  destination_not_allowed: { status: 403, title: 'Sending to this address is not allowed' },
  permission_denied: { status: 403, title: 'The operating system denies it' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'This path does not know that method' },
  request_timeout: { status: 408, title: 'The request did not come in time' },
  name_in_use: { status: 409, title: 'The name is in use' },
  port_in_use: { status: 409, title: 'The port is in use' },
  not_listening: { status: 409, title: 'The listener does not listen' },
  not_satisfied: { status: 409, title: 'Not satisfied' },
  unmatched: { status: 409, title: 'A message came that no rule of a strict listener matched' },
  conflict: { status: 409, title: 'It differs from what is there' },
  idempotency_in_progress: { status: 409, title: 'A request with this Idempotency-Key is under way' },
  gone: { status: 410, title: 'The listener was deleted' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  expectation_failed: { status: 417, title: 'What Expect asks for is not known' },
  unprocessable: { status: 422, title: 'Valid, but impossible here' },
  idempotency_mismatch: { status: 422, title: 'The Idempotency-Key was used with another body' },
  limit_reached: { status: 429, title: 'A limit is reached' },
  internal: { status: 500, title: 'Internal error' },
  starting: { status: 503, title: 'The service is starting' },
  shutting_down: { status: 503, title: 'The service is shutting down' },
  worker_unavailable: { status: 503, title: 'No worker thread is available' },
  storage_full: { status: 507, title: 'The journal has no room' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One wrong input: where it came in, a JSON pointer (body) or a parameter name, and what is wrong with it. */
export type InputError = { in: 'body' | 'query' | 'path' | 'header'; pointer: string; detail: string };

type ProblemMore = { errors?: InputError[]; extra?: Record<string, unknown>; cause?: unknown };

/** An error a client may see. `extra` members are added to the problem document, e.g. `holder`. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly errors: InputError[] | undefined;
  readonly extra: Record<string, unknown> | undefined;

  constructor(code: ProblemCode, detail: string, more: ProblemMore = {}) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.errors = more.errors;
    this.extra = more.extra;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** A 400 about one field of the body. */
export function invalidField(pointer: string, detail: string): ProblemError {
  return new ProblemError('validation_failed', `${pointer}: ${detail}`, { errors: [{ in: 'body', pointer, detail }] });
}

/** A 400 about one query parameter. */
export function invalidParameter(name: string, detail: string): ProblemError {
  return new ProblemError('validation_failed', `${name} ${detail}`, {
    errors: [{ in: 'query', pointer: name, detail }],
  });
}
