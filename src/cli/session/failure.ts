/** What can go wrong, as one plain line on standard error and an exit code. Only a fault of ours shows a stack. */
import { inspect } from 'node:util';
import { ProblemError, SendError, UnreachableError, VerifyError, WaitError } from '../../client/index.ts';
import { paintTalk } from './output.ts';

/** Exit codes: what was asked for did not come true; the command line itself is wrong. */
export const FAILED = 1;
export const USAGE = 2;

/** A combination of flags that makes no sense. */
export class UsageError extends Error {}

/** Where a service listens when nobody says otherwise. */
const USUAL_PORT = '8080';

/** Says what went wrong; the exit code. */
export function reportFailure(error: unknown): number {
  const { text, code } = failureText(error);
  process.stderr.write(`${paintTalk('red', 'error:')} ${text}\n`);
  return code;
}

function failureText(error: unknown): { text: string; code: number } {
  if (error instanceof UsageError) return { text: error.message, code: USAGE };
  if (error instanceof ProblemError) return { text: problemText(error), code: error.status === 400 ? USAGE : FAILED };
  if (error instanceof UnreachableError) return { text: unreachableText(error), code: FAILED };
  const isReport = error instanceof WaitError || error instanceof VerifyError || error instanceof SendError;
  if (isReport || isOfSystem(error)) return { text: error.message, code: FAILED };
  return { text: inspect(error), code: FAILED };
}

function problemText({ problem: { code, detail } }: ProblemError): string {
  const text = detail.replace(/\.$/, '');
  return code === 'unauthorized' ? `${text}; give it with LISTENPOST_TOKEN or --token SECRET` : text;
}

/** Nobody listens there, most likely because nobody has started it yet. */
function unreachableText({ message, cause }: UnreachableError): string {
  const { code } = (cause as { cause?: { code?: string } } | undefined)?.cause ?? {};
  const url = /http\S+/.exec(message)?.[0];
  if (code !== 'ECONNREFUSED' || url === undefined) return message;
  const { port } = new URL(url);
  const flag = port === USUAL_PORT ? '' : ` --port ${port || 80}`;
  return `no service at ${url} (connection refused); start one with: listenpost serve${flag}`;
}

/** A file that is not there, a disk that is full. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
