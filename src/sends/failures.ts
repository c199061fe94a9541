/** What a failed transmission means: errno names in the words of the API, and whether the request itself was impossible. */
import { PROBLEMS, type ProblemCode, ProblemError } from '../errors.ts';
import { bindProblem } from '../listeners/sockets/os-problems.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { ERRNO_CODES } from '../net/errno-codes.ts';
import type { WireError } from '../rpc/wire-error.ts';
import { SEND_ERRORS, type SendErrorCode } from '../schemas/send-errors.ts';
import type { SendOrder, SendOutcome } from '../workers/protocol.ts';

/** Errors of the local side before anything left: the code of the refusal, and what it says of the destination. */
const REFUSALS: Readonly<Record<string, { code: ProblemCode; why: string }>> = {
  EMFILE: { code: ERRNO_CODES.EMFILE, why: 'needs a file descriptor and the process has none left' },
  ENFILE: { code: ERRNO_CODES.ENFILE, why: 'needs a file descriptor and the machine has none left' },
  EADDRNOTAVAIL: { code: 'limit_reached', why: 'needs a local port and none is free' },
  EADDRINUSE: { code: 'limit_reached', why: 'needs a local port and none is free' },
  EACCES: {
    code: ERRNO_CODES.EACCES,
    why: 'is refused by the system: it is a broadcast address, or a firewall forbids it',
  },
  EPERM: { code: ERRNO_CODES.EPERM, why: 'is refused by the system: a firewall forbids it' },
  EINVAL: { code: ERRNO_CODES.EINVAL, why: 'is not an address that can be sent to' },
  EAFNOSUPPORT: { code: ERRNO_CODES.EAFNOSUPPORT, why: 'is of an address family this machine lacks' },
};
/** With a local address of one's own these are about that. */
const ABOUT_LOCAL = new Set(['EADDRNOTAVAIL', 'EADDRINUSE', 'EINVAL', 'EAFNOSUPPORT']);

/** The code a result shows: one of those that are listed, whatever the system or a library calls it. */
export function failureCode(code: string): SendErrorCode | ProblemCode {
  if (Object.hasOwn(ERRNO_CODES, code)) return ERRNO_CODES[code as keyof typeof ERRNO_CODES];
  if (Object.hasOwn(SEND_ERRORS, code) || Object.hasOwn(PROBLEMS, code)) return code as SendErrorCode | ProblemCode;
  return /^E[A-Z0-9]+$/.test(code) ? 'network_error' : 'internal';
}

/** Why the request is at fault rather than the network, null when it is not or when something left. */
export function impossibility(order: SendOrder, { error, sent }: Pick<SendOutcome, 'error' | 'sent'>): Error | null {
  if (error === null || sent > 0) return null;
  const { code, message } = error;
  if (code === 'not_listening') return new ProblemError('not_listening', message);
  if (code === 'EMSGSIZE') return new ProblemError('unprocessable', `${message} (EMSGSIZE)`);
  const { local } = order;
  if (local !== null && (ABOUT_LOCAL.has(code) || isBind(error))) {
    return bindProblem(error, { protocol: order.protocol, ...local, ipv6Only: false });
  }
  const known = REFUSALS[code];
  return known === undefined ? null : new ProblemError(known.code, `${sendText(order)} ${known.why} (${code})`);
}

function isBind({ message }: WireError): boolean {
  return message.startsWith('bind ');
}

function sendText({ protocol, to }: SendOrder): string {
  return `sending ${protocol} to ${endpointText(to)}`;
}

function endpointText({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
