/** What can go wrong, as errors whose message tells the whole story in a test report. */
import type { ProblemCode } from '../errors.ts';
import type { Verdict } from '../schemas/verification.ts';
import type { Message } from './message.ts';
import type { Leaks, NearMiss, SendView } from './views.ts';

/** The service can't be reached, or did not answer in time. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** A problem document (RFC 9457) as the service answers it. */
export type Problem = {
  code: ProblemCode | (string & {});
  status: number;
  title: string;
  detail: string;
  errors?: { in: string; pointer: string; detail: string }[];
  [extra: string]: unknown;
};

/** The service refused a request. `code` is stable, e.g. `port_in_use`. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(request: string, problem: Problem) {
    super(`${request}: ${problem.status} ${problem.code}: ${problem.detail}${eachInput(problem)}`);
    this.problem = problem;
  }

  get code(): Problem['code'] {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

function eachInput({ errors = [], detail }: Problem): string {
  const lines = errors.map((error) => `${error.in} ${error.pointer}: ${error.detail}`);
  return lines.length === 1 && detail.includes(errors[0]!.detail) ? '' : lines.map((line) => `\n  ${line}`).join('');
}

/** What was waited for did not come in time, or came although it should not. */
export class WaitError extends Error {
  override readonly name = 'WaitError';
  /** What did match. */
  readonly messages: Message[];
  readonly nearMisses: NearMiss[];

  constructor(report: string, found: { messages: Message[]; nearMisses: NearMiss[] }) {
    super(report);
    this.messages = found.messages;
    this.nearMisses = found.nearMisses;
  }
}

/** A verification did not pass. */
export class VerifyError extends Error {
  override readonly name = 'VerifyError';
  readonly verdict: Verdict;

  constructor(report: string, verdict: Verdict) {
    super(report);
    this.verdict = verdict;
  }
}

/** The network did not take what was to be sent, or an expected reply did not come. */
export class SendError extends Error {
  override readonly name = 'SendError';
  readonly send: SendView;

  constructor(send: SendView) {
    const { state, sent, error, replies } = send;
    const why = error === undefined ? state : `${error.code}: ${error.detail}`;
    super(`send ${send.id} ${state}: ${why} (sent ${sent}, replies ${replies.length})`);
    this.send = send;
  }
}

/** A scope that forbids leaks was closed with messages that nobody read, or with open connections. */
export class LeakError extends Error {
  override readonly name = 'LeakError';
  readonly leaks: Leaks;

  constructor(scope: string, leaks: Leaks) {
    const lines = leaks.listeners.map(({ id, name, unread, openConnections }) => {
      return `\n  ${name ?? id}: ${unread} unread, ${openConnections} connections open`;
    });
    super(`scope ${scope} leaks${lines.join('')}`);
    this.leaks = leaks;
  }
}
