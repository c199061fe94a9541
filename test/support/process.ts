/**
 * The real thing for tests: the compiled service as a child process on a port of its own, with a small client. It is
 * stopped when the test that started it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { betweenLooks } from './waiting.ts';

export type Answer = {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at by matching, field by field
  body: any;
};
export type Ended = {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
};

export const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Without what tap puts into each Node it starts. */
const PLAIN_NODE = ['env', '-u', 'NODE_OPTIONS', process.execPath];

/** Milliseconds a service may take to come up, on a machine that is busy. */
const OUTPUT_TIMEOUT_MS = 60_000;

/** Runs the program to its end. */
export function run(t: Test, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Child(t, args, env).ended;
}

/** Starts `listenpost serve` with these flags on port 0; resolves once it listens. With empty NODE_OPTIONS tap stays out. */
export async function startProcess(
  t: Test,
  flags: string[] = [],
  env: NodeJS.ProcessEnv = {},
  port = ['--port', '0'],
  openFiles?: number,
): Promise<Service> {
  const child = new Child(t, ['serve', ...port, '--log-level', 'info', ...flags], env, openFiles);
  const line = await child.line(/"url":"http/);
  return new Service(child, (JSON.parse(line) as { url: string }).url);
}

class Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #stdout: string[] = [];
  readonly #stderr: string[] = [];
  readonly #onOutput = new Set<() => void>();

  /** @param openFiles file descriptors that it may have */
  constructor(t: Test, args: string[], env: NodeJS.ProcessEnv, openFiles?: number) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('LISTENPOST_'));
    const limited = openFiles === undefined ? [] : ['sh', '-c', 'ulimit -n "$0"; exec "$@"', `${openFiles}`];
    const [command, ...before] = [...limited, ...(env.NODE_OPTIONS === '' ? PLAIN_NODE : [process.execPath])];
    this.process = spawn(command!, [...before, MAIN, ...args], {
      env: { ...Object.fromEntries(inherited), ...env },
    });
    this.process.stdout!.on('data', (text) => this.#keep(this.#stdout, text));
    this.process.stderr!.on('data', (text) => this.#keep(this.#stderr, text));
    this.ended = new Promise((resolve) => {
      this.process.on('close', (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
        for (const look of this.#onOutput) look();
      });
    });
    t.teardown(() => this.#end());
  }

  get stdout(): string {
    return this.#stdout.join('');
  }
  get stderr(): string {
    return this.#stderr.join('');
  }

  /** The first line of stdout that matches, once it is there. */
  line(pattern: RegExp): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const late = setTimeout(
      () => reject(new Error(`no ${pattern} in:\n${this.stdout}${this.stderr}`)),
      OUTPUT_TIMEOUT_MS,
    );
    const look = () => {
      const found = this.stdout.split('\n').find((line) => pattern.test(line) && line.endsWith('}'));
      if (found !== undefined) resolve(found);
      else if (this.process.exitCode !== null) reject(new Error(`it ended:\n${this.stdout}${this.stderr}`));
    };
    this.#onOutput.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(late);
      this.#onOutput.delete(look);
    });
  }

  #keep(chunks: string[], text: Buffer): void {
    chunks.push(text.toString());
    for (const look of this.#onOutput) look();
  }

  async #end(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM');
    await this.ended;
  }
}

export class Service {
  readonly child: Child;
  readonly url: string;

  constructor(child: Child, url: string) {
    this.child = child;
    this.url = url;
  }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '') && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    };
  }

  get(path: string): Promise<Answer> {
    return this.request('GET', path);
  }
  post(path: string, body?: unknown): Promise<Answer> {
    return this.request('POST', path, body);
  }
  patch(path: string, body: unknown): Promise<Answer> {
    return this.request('PATCH', path, body);
  }
  put(path: string, body: unknown): Promise<Answer> {
    return this.request('PUT', path, body);
  }
  delete(path: string): Promise<Answer> {
    return this.request('DELETE', path);
  }

  /** Asks again until the answer is as wanted. Fails after some seconds, showing the last answer. */
  async until(path: string, wanted: (answer: Answer) => boolean, timeoutMs = 10_000): Promise<Answer> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const answer = await this.get(path);
      if (wanted(answer)) return answer;
      if (performance.now() > deadline) throw new Error(`not as wanted: ${JSON.stringify(answer.body)}`);
      await betweenLooks(10);
    }
  }

  /** Sends a signal and waits for the end. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.process.kill(signal);
    return this.child.ended;
  }
}
