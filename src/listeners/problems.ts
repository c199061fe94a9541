/** What an errno of the operating system means to a client. */
import { PROBLEMS, type ProblemCode, ProblemError } from '../errors.ts';
import type { PortUse } from './ports.ts';

const CODES: Record<string, { code: ProblemCode; why: string }> = {
  EADDRINUSE: { code: 'port_in_use', why: 'is in use by another program' },
  EACCES: { code: 'permission_denied', why: 'may not be bound by this process' },
  EPERM: { code: 'permission_denied', why: 'may not be bound by this process' },
  EADDRNOTAVAIL: { code: 'unprocessable', why: 'is not an address of this machine' },
  EAFNOSUPPORT: { code: 'unprocessable', why: 'is of an address family this machine lacks' },
  EINVAL: { code: 'unprocessable', why: 'is not an address that can be bound' },
  EMFILE: { code: 'limit_reached', why: 'needs a file descriptor and the process has none left' },
  ENFILE: { code: 'limit_reached', why: 'needs a file descriptor and the machine has none left' },
};

/** The ProblemError of a failed bind; one that is a ProblemError already stays as it is, an unknown error too. */
export function bindProblem(error: unknown, use: PortUse): Error {
  if (error instanceof ProblemError) return error;
  const { code = '', message } = error as Error & { code?: string };
  const known = CODES[code];
  if (known !== undefined) {
    return new ProblemError(known.code, `${use.protocol} ${use.host} port ${use.port} ${known.why} (${code})`);
  }
  return code in PROBLEMS ? new ProblemError(code as ProblemCode, message) : (error as Error);
}
