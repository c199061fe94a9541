/** An error between threads. `code` is an errno name (EADDRINUSE, …) or one of errors.ts. */
export type WireError = { code: string; message: string };

/** `code` is an errno name (EADDRINUSE, …) or one of errors.ts. */
export class WorkerError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** An error as it crosses: with its own code, or `internal`. */
export function wireError(error: unknown): WireError {
  const { code, message } = error as NodeJS.ErrnoException;
  return { code: typeof code === 'string' ? code : 'internal', message: message ?? String(error) };
}
