/**
 * Glue for test frameworks: starts or finds the service before the tests, gives each test a scope, and cleans up after.
 * Works with the hooks of node:test, vitest, jest and tap; what fails, fails with the client's message.
 */
import {
  type ConnectOptions,
  connect,
  type Listener,
  type ListenerSpec,
  type Send,
  type SendOptions,
} from './index.ts';
import { type StartOptions, start } from './node.ts';
import type { Scope, ScopeOptions } from './scope.ts';
import type { Service } from './service.ts';

type Hook = (run: () => Promise<void>) => unknown;
/** `beforeAll` of jest and vitest takes milliseconds: its default of 5 s is short for a start on a busy machine. */
type HookWithTimeout = (run: () => Promise<void>, timeout?: number) => unknown;
/**
 * The hooks of a framework, under the names it has for them. Give what it exports: `useListenpost(test)` of node:test,
 * `useListenpost({ beforeAll, afterAll, beforeEach, afterEach })` of vitest and jest, `useListenpost(t)` of tap.
 */
export type Hooks = {
  before?: Hook;
  beforeAll?: HookWithTimeout;
  after?: Hook;
  afterAll?: HookWithTimeout;
  beforeEach?: Hook;
  afterEach?: Hook;
};

export type UseOptions = {
  /** A service that runs; default: `LISTENPOST_URL` where it is set, else one is started. */
  url?: string;
  connect?: ConnectOptions;
  start?: StartOptions;
  /** Of each test's scope; with `forbidLeaks` a test fails that leaves messages unread. */
  scope?: ScopeOptions;
};

/** Milliseconds a service may take to come up, and to go. */
const HOOK_TIMEOUT_MS = 60_000;

/** What tests use. The service is there from the first hook on. */
export type Listenpost = {
  readonly service: Service;
  /** The running test's scope; the whole file's where the framework has no hooks around each test. */
  readonly scope: Scope;
  listen(spec: ListenerSpec): Promise<Listener>;
  send(options: SendOptions): Promise<Send>;
};

/** Registers the hooks. Throws a TypeError when there is none that runs before or after the tests. */
export function useListenpost(hooks: Hooks, options: UseOptions = {}): Listenpost {
  const session = new Session(options);
  const before = hooks.before ?? withPatience(hooks, hooks.beforeAll);
  const after = hooks.after ?? withPatience(hooks, hooks.afterAll);
  if (before === undefined || after === undefined) throw new TypeError('useListenpost needs before and after hooks');
  before.call(hooks, () => session.begin());
  after.call(hooks, () => session.end());
  if (hooks.beforeEach && hooks.afterEach) {
    hooks.beforeEach(() => session.beginTest());
    hooks.afterEach(() => session.endTest());
  }
  return session;
}

function withPatience(hooks: Hooks, hook: HookWithTimeout | undefined): Hook | undefined {
  return hook && ((run) => hook.call(hooks, run, HOOK_TIMEOUT_MS));
}

class Session implements Listenpost {
  readonly #options: UseOptions;
  #service: Service | undefined;
  #fileScope: Scope | undefined;
  #testScope: Scope | undefined;

  constructor(options: UseOptions) {
    this.#options = options;
  }

  get service(): Service {
    if (this.#service === undefined) throw new Error('the service is there once the tests run, not before');
    return this.#service;
  }

  get scope(): Scope {
    this.#fileScope ??= this.service.scope('tests', this.#options.scope);
    return this.#testScope ?? this.#fileScope;
  }

  listen(spec: ListenerSpec): Promise<Listener> {
    return this.scope.listen(spec);
  }

  send(options: SendOptions): Promise<Send> {
    return this.scope.send(options);
  }

  async begin(): Promise<void> {
    const url = this.#options.url ?? process.env.LISTENPOST_URL;
    this.#service = url === undefined ? await start(this.#options.start) : await connect(url, this.#options.connect);
  }

  async beginTest(): Promise<void> {
    this.#testScope = this.service.scope('test', this.#options.scope);
  }

  async endTest(): Promise<void> {
    const scope = this.#testScope;
    this.#testScope = undefined;
    await scope?.close();
  }

  /** The service goes down also when a scope leaks. */
  async end(): Promise<void> {
    try {
      await this.#fileScope?.close();
    } finally {
      await this.#service?.close();
    }
  }
}
