/** What a command works with, and the frame around every command: its end, its clean-up, its exit code. */
import type { Command } from 'commander';
import { Http } from '../../client/http.ts';
import { milliseconds } from '../../client/query.ts';
import { Service } from '../../client/service.ts';
import type { CommonFlags } from '../options/common.ts';
import { serviceUrl } from '../options/service-url.ts';
import { Ending } from './ending.ts';
import { reportFailure } from './failure.ts';
import { Output } from './output.ts';
import { type Upload, uploads } from './upload.ts';

export type Session = {
  service: Service;
  /** For what the typed client has no method for. */
  http: Http;
  upload: Upload;
  output: Output;
  /** Aborted by Ctrl-C and when nobody reads the output any more. */
  signal: AbortSignal;
  /** Done at the end, however it comes, last one first. */
  atEnd(clean: () => Promise<void>): void;
};

/** Milliseconds for an answer, beyond the time-out that a command is given. */
const RESPONSE_TIMEOUT_MS = 60_000;

/** What a command does. A number that it resolves with is its exit code. */
type Act<A extends unknown[]> = (session: Session, ...args: A) => Promise<unknown>;

/** An action for commander: opens the session, runs the command in it and sets the exit code. */
export function inSession<A extends unknown[]>(act: Act<A>) {
  return async (...given: unknown[]): Promise<void> => {
    const args = given.slice(0, -1) as A;
    const flags = (given.at(-1) as Command).opts<CommonFlags>();
    const ending = new Ending();
    const cleaning = new AsyncDisposableStack();
    const session = open(flags, ending, cleaning);
    const code = await codeOf(ending.orOver(act(session, ...args)), ending);
    const cleaned = await codeOf(cleaning.disposeAsync());
    await session.service.close();
    ending.release();
    process.exitCode = ending.code ?? (code || cleaned);
  };
}

function open(flags: CommonFlags, ending: Ending, cleaning: AsyncDisposableStack): Session {
  const { url, token, timeout = 0 } = flags;
  const options = { token: token || undefined, timeout: RESPONSE_TIMEOUT_MS + milliseconds(timeout) };
  const http = new Http(serviceUrl(url), options);
  return {
    http,
    upload: uploads(http.url, options, ending.signal),
    service: new Service(http),
    output: new Output(flags, ending.signal),
    signal: ending.signal,
    atEnd: (clean) => cleaning.defer(clean),
  };
}

/** The exit code of some work. What fails because the command shall end is not told. */
async function codeOf(work: Promise<unknown>, ending?: Ending): Promise<number> {
  try {
    const result = await work;
    return typeof result === 'number' ? result : 0;
  } catch (error) {
    return ending?.code ?? reportFailure(error);
  }
}
