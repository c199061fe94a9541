/** The real command line for tests: a child process that is read while it runs, and ended with its test. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Test } from 'tap';
import { MAIN, type Service } from './process.ts';

export type Finished = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };
/** `input`: null leaves standard input open. */
export type CliOptions = { input?: string | Uint8Array | null; env?: NodeJS.ProcessEnv };

/** Milliseconds that anything may take, on a machine that is busy. */
const OUTPUT_TIMEOUT_MS = 20_000;

/** A command line that talks to this service. */
export function cliFor(t: Test, { url }: Pick<Service, 'url'>) {
  const options = (given: CliOptions) => ({ ...given, env: { LISTENPOST_URL: url, ...given.env } });
  return {
    start: (args: string[], given: CliOptions = {}) => new Cli(t, args, options(given)),
    run: (args: string[], given: CliOptions = {}) => new Cli(t, args, options(given)).ended,
  };
}

export class Cli {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Finished>;
  readonly #out: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  readonly #looking = new Set<() => void>();

  constructor(t: Test, args: string[], { input, env }: CliOptions) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(LISTENPOST_|FORCE_COLOR|NO_COLOR)/.test(name));
    this.process = spawn(process.execPath, [MAIN, ...args], { env: { ...Object.fromEntries(inherited), ...env } });
    if (input !== null) this.process.stdin.end(input);
    for (const name of ['stdout', 'stderr'] as const) {
      this.process[name].on('data', (piece: Buffer) => {
        this.#out[name].push(piece);
        for (const look of this.#looking) look();
      });
    }
    this.ended = new Promise((resolve) => {
      this.process.on('close', (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
        for (const look of this.#looking) look();
      });
    });
    t.teardown(async () => {
      if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
      await this.ended;
    });
  }

  get stdout(): string {
    return Buffer.concat(this.#out.stdout).toString('utf8');
  }

  get stderr(): string {
    return Buffer.concat(this.#out.stderr).toString('utf8');
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#out.stdout);
  }

  /** Once the pattern is there; what it found. */
  until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const fail = (why: string) => reject(new Error(`${why}, no ${pattern} in:\n${this.stdout}\n${this.stderr}`));
    const late = setTimeout(fail, OUTPUT_TIMEOUT_MS, 'time is over');
    const look = () => {
      const found = pattern.exec(this[stream]);
      if (found !== null) resolve(found);
      else if (this.process.exitCode !== null) fail('it ended');
    };
    this.#looking.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(late);
      this.#looking.delete(look);
    });
  }

  /** Sends a signal and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<Finished> {
    this.process.kill(signal);
    return this.ended;
  }
}

/** A command line, its exit code, and its line on standard error. */
export type Refusal = [args: string[], code: number, message: RegExp];

/** Each ends with one plain line, and no data. */
export async function refuses(t: Test, service: Pick<Service, 'url'>, refusals: Refusal[]): Promise<void> {
  const ends = await Promise.all(refusals.map(([args]) => cliFor(t, service).run(args)));
  for (const [i, [args, code, message]] of refusals.entries()) {
    const { stderr } = ends[i]!;
    t.match(ends[i], { code, stderr: message, stdout: '' }, args.join(' '));
    t.equal(stderr.trim().split('\n').length, 1, `one line: ${stderr}`);
  }
}

/** NDJSON as objects. */
export function objects(text: string) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
