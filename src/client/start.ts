/** Starts the service for a test: in a child process, or in this one. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import { isNewEnough, nodeIsTooOld, nodeThatCameAlong } from './own-node.ts';
import { type Duration, LONGEST_TIMER, milliseconds } from './query.ts';
import { HERE, loadService } from './start-place.ts';

/** Settings of the service as in `listenpost serve --help`, in camelCase; `port` 0 by default. */
export type StartOptions = Partial<Config> & {
  /** In this process rather than in a child. Then it shares its event loop with the test. */
  inProcess?: boolean;
  /** The Node that runs the child; default: this one, or where it is too old the one that came along as a package. */
  execPath?: string;
  /** How long it may take; default 30 s. */
  timeout?: Duration;
};

export type Started = {
  url: string;
  stop: () => Promise<void>;
  /** How it ended, if it did. */
  fate: () => string | undefined;
};

/** What the child says once, and the only thing it says. */
export type ChildReport = { url: string } | { error: string };

/** Milliseconds an orderly end may take. */
const GRACE = 10_000;

export async function startService(options: StartOptions): Promise<Started> {
  const { inProcess = false, execPath, timeout = '30s', ...settings } = options;
  return inProcess ? startHere(settings) : startChild(settings, { execPath, timeout: milliseconds(timeout) });
}

async function startHere(settings: Partial<Config>): Promise<Started> {
  if (!isNewEnough(process.versions.node)) throw new Error(nodeIsTooOld());
  const [{ start }, { defaultConfig }] = await loadService();
  const service = await start({ ...defaultConfig(), port: 0, logLevel: 'silent', ...settings });
  return { url: service.url, stop: () => service.close(), fate: () => undefined };
}

type ChildOptions = { execPath: string | undefined; timeout: number };

/** Its log goes to stderr, as stdout may be a test report. It inherits no LISTENPOST_ variable: the options alone count. */
async function startChild(settings: Partial<Config>, { execPath, timeout }: ChildOptions): Promise<Started> {
  const child = fork(fileURLToPath(new URL('./start-child.js', HERE)), {
    execPath: execPath ?? nodeForService(),
    execArgv: [],
    env: plainEnvironment(),
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  let fate: string | undefined;
  child.once('exit', (code, signal) => {
    fate = `the service ended with ${signal ?? `exit code ${code}`}`;
  });
  child.send(settings, () => {}); // one that is gone already says so by its exit
  const report = await firstReport(child, timeout);
  if ('error' in report) {
    await end(child);
    throw new Error(report.error);
  }
  child.unref();
  child.channel?.unref();
  return { url: report.url, stop: () => end(child), fate: () => fate };
}

function nodeForService(): string {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const node = nodeThatCameAlong();
  if (node === undefined) throw new Error(nodeIsTooOld());
  return node;
}

/** What it says, or why it says nothing. */
async function firstReport(child: ChildProcess, timeout: number): Promise<ChildReport> {
  return new Promise((resolve) => {
    const settle = (report: ChildReport): void => {
      clearTimeout(late);
      resolve(report);
    };
    const fail = (why: string): void => settle({ error: `listenpost can't start: ${why}` });
    const late = setTimeout(() => fail(`no answer within ${timeout} ms`), Math.min(timeout, LONGEST_TIMER));
    child.once('message', (report) => settle(report as ChildReport));
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => fail(`it ended with ${signal ?? `exit code ${code}`}`));
  });
}

/** An orderly end: the child stops when it is left alone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.ref();
  const late = setTimeout(() => child.kill('SIGKILL'), GRACE);
  const gone = once(child, 'exit');
  if (child.connected) child.disconnect();
  await gone;
  clearTimeout(late);
}

function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LISTENPOST_')));
}
