/**
 * Registry: the set of listeners and the rules over them. A listener's name and id are taken before the first await and
 * given back when its socket can't be bound, so of many creates at once one wins. Every change of one listener runs in
 * that listener's own turn.
 */
import { type Clock, passed, systemClock } from '../clock/clock.ts';
import type {
  CloseMode,
  ConnectionView,
  Labels,
  ListenerPatch,
  ListenerRef,
  Listeners,
  ListQuery,
  Removed,
} from '../domain.ts';
import { ProblemError } from '../errors.ts';
import type { Journal } from '../journal/ports.ts';
import { listenerNumber } from '../records/ids.ts';
import { specWarnings } from '../runtime/pipeline/responders/warnings.ts';
import type { FullSpec, ListenerSpec } from '../schemas/listener.ts';
import type { ListenerView } from '../schemas/listener-status.ts';
import type { RuleList, RulePatch, RuleStatus, RuleTest, RuleTestResult } from '../schemas/rules-view.ts';
import { applyPut, applySpec, named, patchedSpec } from './changes.ts';
import { closeConnection, listConnections, sendOnConnection, updateConnection } from './connections.ts';
import type { InternalErrorReport } from './internal-errors.ts';
import { Lifecycle, type LifecycleOptions } from './lifecycle/lifecycle.ts';
import { Removal } from './lifecycle/removal.ts';
import { watchThreads } from './lifecycle/thread-watch.ts';
import type { Listener } from './listener.ts';
import { ListenerTable } from './listener-table.ts';
import { page } from './listing.ts';
import { CounterPersister } from './persistence/counter-persister.ts';
import { loadListeners, persistListeners, type StoredListener, someAtOnce } from './persistence/stored-listener.ts';
import { type Replied, replyToMessage } from './reply.ts';
import { pointingInto, type RulesChange, ruleStatus, testRules, withRule, withRules } from './rules.ts';
import { flushListener } from './sockets/flush.ts';
import { fillSpec } from './spec.ts';
import { Strangers } from './strangers.ts';

/** Milliseconds that sockets get to close with the process; what is open then ends with its thread. */
const CLOSE_TIMEOUT_MS = 2000;

export type RegistryOptions = LifecycleOptions & {
  /** Shown in the address of a wildcard listener. */
  advertisedHost: string | null;
  maxListeners: number;
  /** A thread caught what should never be thrown. */
  onInternalError?: (report: InternalErrorReport) => void;
  /** What the journal keeps outlives the process. */
  isDurable?: boolean;
  /** Milliseconds between two looks for sockets of others on shared ports. */
  lookInterval?: number;
  /** Told in words when there are more of them. */
  onStranger?: (what: string) => void;
};

export class Registry implements Listeners {
  readonly #journal: Journal;
  readonly #table: ListenerTable;
  readonly #lifecycle: Lifecycle;
  readonly #removal: Removal;
  readonly #counts: CounterPersister | null;
  readonly #strangers: Strangers;
  readonly #advertisedHost: string | null;
  readonly #onError: (error: unknown) => void;
  readonly #clock: Clock;
  #closing: Promise<void> | undefined;

  constructor(options: RegistryOptions) {
    this.#journal = options.journal;
    this.#advertisedHost = options.advertisedHost;
    this.#onError = options.onError;
    this.#clock = options.clock ?? systemClock;
    this.#table = new ListenerTable(options.maxListeners);
    this.#lifecycle = new Lifecycle(options);
    this.#removal = new Removal({ ...options, table: this.#table, lifecycle: this.#lifecycle });
    persistListeners(this.#table, this.#journal, this.#onError);
    this.#counts = options.isDurable === true ? new CounterPersister({ ...options, table: this.#table }) : null;
    this.#strangers = new Strangers({ ...options, table: this.#table });
    watchThreads({ ...options, table: this.#table, lifecycle: this.#lifecycle });
  }

  /** Brings back the listeners of an earlier process. One that can't come up is `failed`; the rest works. */
  async restore(): Promise<void> {
    const storedListeners = await loadListeners(this.#journal, this.#onError);
    await someAtOnce(storedListeners, (stored) => this.#restoreOne(stored));
  }

  async create(spec: ListenerSpec): Promise<ListenerView> {
    const listener = this.#reserve(fillSpec(spec));
    return listener.exclusive(async () => {
      try {
        await this.#lifecycle.open(listener);
      } catch (error) {
        this.#table.drop(listener);
        await this.#journal.forget(listener.number).catch(this.#onError);
        throw error;
      }
      return this.#changed(listener);
    });
  }

  async list(query: ListQuery): Promise<{ items: ListenerView[]; next: string | null }> {
    const { page: shown, next } = page(this.#table.all(), query);
    return { items: await this.#views(shown), next };
  }

  async get(ref: string): Promise<ListenerView> {
    const listener = this.use(ref);
    await flushListener(listener);
    return this.#view(listener);
  }

  async patch(ref: string, patch: ListenerPatch): Promise<ListenerView> {
    const listener = this.use(ref);
    return listener.exclusive(async () => {
      this.#mustExist(listener);
      const next = patchedSpec(listener.specInForce, patch);
      const context = { ...this.#applying, renews: patch.tcp?.accept !== undefined };
      await this.#table.renamed(listener, next.name, () => applySpec(listener, next, context));
      return this.#changed(listener);
    });
  }

  async rules(ref: string): Promise<RuleStatus> {
    const listener = this.use(ref);
    await flushListener(listener);
    return ruleStatus(listener);
  }

  async putRules(ref: string, list: RuleList): Promise<RuleStatus> {
    await this.#changeRules(ref, (listener) => ({ spec: withRules(listener, list), at: '/responder' }), list);
    return ruleStatus(this.use(ref));
  }

  async patchRule(ref: string, name: string, patch: RulePatch): Promise<RuleStatus> {
    await this.#changeRules(ref, (listener) => withRule(listener, name, patch), patch);
    return ruleStatus(this.use(ref));
  }

  async testRules(ref: string, request: RuleTest): Promise<RuleTestResult> {
    return testRules(this.use(ref), request);
  }

  /** Within the listener's turn, so that no change is lost. A 400 points into the body. */
  async #changeRules(ref: string, change: (listener: Listener) => RulesChange, body: object): Promise<void> {
    const listener = this.use(ref);
    await listener.exclusive(async () => {
      this.#mustExist(listener);
      const { spec, at } = change(listener);
      const next = pointingInto(body, at, () => patchedSpec(listener.spec, { responder: spec }));
      await applySpec(listener, next, this.#applying);
      await this.#changed(listener);
    });
  }

  async put(
    ref: string,
    spec: ListenerSpec,
    options: { replace: boolean },
  ): Promise<{ created: boolean; listener: ListenerView }> {
    const isId = listenerNumber(ref) !== undefined;
    if (!isId && this.#table.lookup(ref) === undefined) {
      return { created: true, listener: await this.create(named(spec, ref)) };
    }
    const listener = this.use(ref);
    const isThere = await listener.exclusive(async () => {
      if (!this.#table.has(listener)) return false;
      const context = { ...this.#applying, table: this.#table, ...options };
      await applyPut(listener, named(spec, isId ? listener.name : ref), context);
      return true;
    });
    return isThere ? { created: false, listener: await this.#changed(listener) } : this.put(ref, spec, options);
  }

  async remove(ref: string, how: { mode: CloseMode; drain: number }): Promise<void> {
    return this.#removal.remove(this.#table.find(ref), how);
  }

  async removeWhere(labels: Labels): Promise<Removed> {
    const listeners = this.#table.labelled(labels);
    const views = await Promise.all(
      listeners.map(async (listener) => {
        await flushListener(listener);
        const { id, name, unread, unmatched, stats } = await this.#view(listener);
        await this.#removal.removeIfThere(listener);
        return { id, name, unread, unmatched, openConnections: stats.connectionsOpen };
      }),
    );
    return { deleted: views.length, listeners: views };
  }

  async reset(): Promise<void> {
    await Promise.all(this.#table.all().map((listener) => this.#removal.removeIfThere(listener)));
  }

  find(ref: string): ListenerRef {
    return this.use(ref).ref;
  }

  async flush(ref: string): Promise<ListenerRef> {
    const listener = this.use(ref);
    await flushListener(listener);
    return listener.ref;
  }

  select({ refs, labels = [] }: { refs?: string[]; labels?: Labels }): number[] | null {
    if (refs === undefined && labels.length === 0) return null;
    const wanted = refs === undefined ? null : new Set(refs.map((ref) => this.#table.find(ref)));
    const chosen = this.#table.labelled(labels).filter((listener) => wanted === null || wanted.has(listener));
    return chosen.map(({ number }) => number);
  }

  strictOf(listeners: number[] | null): number[] {
    const strict = this.#table.labelled([]).filter(({ spec }) => spec.strict);
    const numbers = strict.map(({ number }) => number);
    return listeners === null ? numbers : numbers.filter((number) => listeners.includes(number));
  }

  async connections(ref: string): Promise<ConnectionView[]> {
    return listConnections(this.use(ref));
  }

  async connectionSend(ref: string, connectionId: string, payload: Uint8Array, raw = false): Promise<number> {
    return sendOnConnection(this.use(ref), connectionId, payload, { raw });
  }

  async connectionUpdate(
    ref: string,
    connectionId: string,
    change: { reading?: boolean; writing?: boolean },
  ): Promise<ConnectionView> {
    return updateConnection(this.use(ref), connectionId, change);
  }

  async connectionClose(ref: string, connectionId: string, mode: CloseMode): Promise<void> {
    return closeConnection(this.use(ref), connectionId, mode);
  }

  async reply(ref: string, seq: number, payload: Uint8Array, raw = false): Promise<Replied> {
    const listener = this.use(ref);
    await flushListener(listener);
    return replyToMessage(listener, seq, { payload, raw, journal: this.#journal });
  }

  onChange(callback: Parameters<Listeners['onChange']>[0]): () => void {
    return this.#table.onChange(callback);
  }

  hold(ref: string, { tie }: { tie: boolean }): () => void {
    return this.#table.find(ref).expiry.hold(tie);
  }

  /** The listener itself, for sends from its socket or to its address. Renews its ttl. */
  use(ref: string): Listener {
    const listener = this.#table.find(ref);
    listener.expiry.touch();
    return listener;
  }

  /** Closes every socket for good; resolves once all they had received is in the journal. Nothing is created any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#strangers.stop();
    const listeners = this.#table.all();
    const closing = listeners.map((listener) => listener.exclusive(() => this.#lifecycle.closeForGood(listener)));
    // A removal that drains, or a host name that is looked up, holds its listener's turn for longer.
    await Promise.race([Promise.allSettled(closing), passed(this.#clock, CLOSE_TIMEOUT_MS, { background: true })]);
    await this.#journal.histories(listeners.map(({ number }) => number));
    await this.#counts?.end();
  }

  get #applying(): { lifecycle: Lifecycle; journal: Journal } {
    return { lifecycle: this.#lifecycle, journal: this.#journal };
  }

  #reserve(spec: FullSpec): Listener {
    if (this.#closing !== undefined) throw new ProblemError('shutting_down', 'no listener is created any more');
    return this.#table.add(spec, this.#callbacks);
  }

  get #callbacks(): Pick<ConstructorParameters<typeof Listener>[1], 'onState' | 'onExpired' | 'clock'> {
    return {
      onState: (listener) => {
        this.#lifecycle.recordState(listener);
        this.#table.notify(listener);
      },
      onExpired: (listener) => void this.#removal.removeIfThere(listener),
      clock: this.#clock,
    };
  }

  async #restoreOne({ number, spec, ...past }: StoredListener): Promise<void> {
    // It stays as it is stored.
    if (this.#closing !== undefined) return;
    const listener = this.#table.restore(spec, { ...this.#callbacks, number, past });
    await listener.exclusive(() => this.#lifecycle.resume(listener, past)).catch(this.#onError);
  }

  #mustExist(listener: Listener): void {
    if (!this.#table.has(listener)) throw new ProblemError('not_found', `there is no listener ${listener.id}`);
  }

  /** The view with what is to be said about its spec. */
  async #changed(listener: Listener): Promise<ListenerView> {
    const view = await this.#view(listener);
    const warnings = specWarnings(listener.spec);
    return warnings.length === 0 ? view : { ...view, warnings };
  }

  async #view(listener: Listener): Promise<ListenerView> {
    return (await this.#views([listener]))[0]!;
  }

  async #views(listeners: Listener[]): Promise<ListenerView[]> {
    const histories = await this.#journal.histories(listeners.map(({ number }) => number));
    const advertisedHost = this.#advertisedHost;
    return listeners.map((listener) => listener.view(histories.get(listener.number), { advertisedHost }));
  }
}
