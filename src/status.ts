/** What the service says of itself: whether it is ready, its threads, its limits and policy. */

import type { Config } from './config/config.ts';
import type { ServiceStatus, WorkersView } from './domain.ts';
import type { JournalAdmin } from './journal/ports.ts';
import { WAITS_A_LISTENER, WAITS_IN_ALL } from './journal/query/wait-limits.ts';
import type { ThreadAllocator } from './workers/thread-allocator.ts';

type Check = { name: string; ok: boolean; detail?: string };

/** Milliseconds after which a journal that does not answer is a fault. */
const ANSWER_TIMEOUT_MS = 2000;

export class Status implements ServiceStatus {
  readonly #parts: { config: Config; allocator: ThreadAllocator; journal: JournalAdmin };
  readonly #stopping = new AbortController();
  readonly #begun = Promise.withResolvers<void>();
  /** What it does before it has come up; null afterwards. */
  #starting: string | null = 'it is starting';

  constructor(parts: { config: Config; allocator: ThreadAllocator; journal: JournalAdmin }) {
    this.#parts = parts;
  }

  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  get isStarted(): boolean {
    return this.#starting === null;
  }
  get started(): Promise<void> {
    return this.#begun.promise;
  }

  /** How far the start has come, shown until it is done. */
  starting(detail: string): void {
    this.#starting = detail;
  }

  /** The service has come up. */
  begin(): void {
    this.#starting = null;
    this.#begun.resolve();
  }

  /** The service goes down. */
  stop(): void {
    this.#stopping.abort();
  }

  async readiness(): Promise<{ ready: boolean; checks: Check[] }> {
    const checks = [this.#process(), await this.#journal(), await this.#workers()];
    return { ready: checks.every(({ ok }) => ok), checks };
  }

  workers(): Promise<WorkersView> {
    return this.#parts.allocator.view();
  }

  info(): Record<string, unknown> {
    const { config } = this.#parts;
    return {
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      limits: {
        listeners: config.maxListeners,
        threads: config.maxThreads,
        sharedThreads: config.threads,
        journalBytes: config.journalMemory,
        waits: WAITS_IN_ALL,
        waitsPerListener: WAITS_A_LISTENER,
        portRange: config.portRange,
      },
      policy: policyOf(config),
      journal: config.data === null ? 'memory' : 'file',
    };
  }

  #process(): Check {
    if (this.#stopping.signal.aborted) return { name: 'process', ok: false, detail: 'it is shutting down' };
    return this.#starting === null
      ? { name: 'process', ok: true }
      : { name: 'process', ok: false, detail: this.#starting };
  }

  async #journal(): Promise<Check> {
    const name = 'journal';
    const late = new Promise<'late'>((resolve) => setTimeout(resolve, ANSWER_TIMEOUT_MS, 'late').unref());
    const stats = await Promise.race([this.#parts.journal.stats(), late]).catch((error: Error) => error);
    if (stats === 'late') return { name, ok: false, detail: 'it does not answer' };
    if (stats instanceof Error) return { name, ok: false, detail: stats.message };
    return stats.fault === null ? { name, ok: true } : { name, ok: false, detail: stats.fault.detail };
  }

  async #workers(): Promise<Check> {
    const { pools } = await this.#parts.allocator.view();
    const dead = pools.flatMap(({ threads }) => threads).filter(({ state }) => state === 'dead');
    if (dead.length === 0) return { name: 'workers', ok: true };
    return { name: 'workers', ok: false, detail: `given up: ${dead.map(({ name }) => name).join(', ')}` };
  }
}

/** Who may do what, without secrets. */
export function policyOf(config: Config): Record<string, unknown> {
  return {
    bind: ['127.0.0.0/8', '::1', ...config.allowBind],
    send: ['127.0.0.0/8', '::1', ...config.allowSend],
    hosts: ['127.0.0.0/8', '::1', 'localhost', ...config.allowHost],
    origins: config.allowOrigin,
    token: config.token !== null,
  };
}
