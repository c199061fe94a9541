/** What an errno of the operating system means to a client. */
import { PROBLEMS, type ProblemCode, ProblemError } from '../../errors.ts';
import { ERRNO_CODES } from '../../net/errno-codes.ts';
import type { Descriptors } from '../../workers/descriptors.ts';
import type { PortUse } from './port-use.ts';

export const ANOTHER_PORT = 'take another port, or 0 for any free one';
const OWN_ADDRESS = 'take one that the machine has, e.g. 127.0.0.1';
/** Below it a port needs a privilege, unless the system was told otherwise. */
const FIRST_FREE = 1024;
const PRIVILEGED = `ports below ${FIRST_FREE} need root or CAP_NET_BIND_SERVICE: take one from ${FIRST_FREE} on, or 0 for any free one`;

const BIND_PROBLEMS: Record<string, { code: ProblemCode; why: string; advice?: string }> = {
  EADDRINUSE: { code: ERRNO_CODES.EADDRINUSE, why: 'is in use by another program', advice: ANOTHER_PORT },
  EACCES: { code: ERRNO_CODES.EACCES, why: 'may not be bound by this process' },
  EPERM: { code: ERRNO_CODES.EPERM, why: 'may not be bound by this process' },
  EADDRNOTAVAIL: { code: ERRNO_CODES.EADDRNOTAVAIL, why: 'is not an address of this machine', advice: OWN_ADDRESS },
  EAFNOSUPPORT: { code: ERRNO_CODES.EAFNOSUPPORT, why: 'is of an address family this machine lacks' },
  EINVAL: { code: ERRNO_CODES.EINVAL, why: 'is not an address that can be bound' },
  EMFILE: { code: ERRNO_CODES.EMFILE, why: 'needs a file descriptor and the process has none left' },
  ENFILE: { code: ERRNO_CODES.ENFILE, why: 'needs a file descriptor and the machine has none left' },
};

/** The ProblemError of a failed bind; one that is a ProblemError already stays as it is, an unknown error too. */
export function bindProblem(error: unknown, use: PortUse): Error {
  if (error instanceof ProblemError) return error;
  const { code = '', message } = error as Error & { code?: string };
  const known = BIND_PROBLEMS[code];
  if (known !== undefined) {
    const isPrivileged = known.code === 'permission_denied' && use.port > 0 && use.port < FIRST_FREE;
    const advice = isPrivileged ? PRIVILEGED : known.advice;
    const said = `${use.protocol} ${use.host} port ${use.port} ${known.why} (${code})`;
    return new ProblemError(known.code, advice === undefined ? said : `${said}; ${advice}`);
  }
  return code in PROBLEMS ? new ProblemError(code as ProblemCode, message) : (error as Error);
}

/** Nothing more is opened for listeners and sends: the last descriptors are the API's. */
export function outOfDescriptors({ limit }: Descriptors): ProblemError {
  const detail = `${limit} file descriptors are open, the rest are kept for the API; delete listeners, or raise the limit (ulimit -n) and start again`;
  return new ProblemError('limit_reached', detail);
}
