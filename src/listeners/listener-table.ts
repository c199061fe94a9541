/** ListenerTable: the listeners there are, by number and by name, in the order of their creation. Names are unique. */
import type { Labels, Listeners } from '../domain.ts';
import { ProblemError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { listenerNumber, randomListenerNumber } from '../records/ids.ts';
import type { FullSpec } from '../schemas/listener.ts';
import { Listener } from './listener.ts';

type ChangeCallback = Parameters<Listeners['onChange']>[0];
type ListenerOptions = ConstructorParameters<typeof Listener>[1];

/** Names that a wrong one is compared with: a loop of requests for one that is gone must stay cheap. */
const COMPARED = 1000;

export class ListenerTable {
  readonly #limit: number;
  readonly #listeners = new Map<number, Listener>();
  readonly #names = new Map<string, Listener>();
  readonly #callbacks = new Set<ChangeCallback>();
  #created = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes name and id for a new listener, at once. Throws `name_in_use` or `limit_reached`. */
  add(spec: FullSpec, callbacks: Pick<ListenerOptions, 'onState' | 'onExpired' | 'clock'>): Listener {
    this.#checkName(spec.name);
    if (this.#listeners.size >= this.#limit) {
      const more = `start the service with more, e.g. --max-listeners ${this.#limit * 2}`;
      throw new ProblemError('limit_reached', `there are ${this.#limit} listeners already; delete some, or ${more}`);
    }
    return this.#insert(spec, { ...callbacks, number: this.#freeNumber() });
  }

  /** Brings a listener of an earlier process back under its number, whatever the limit is now. Throws `name_in_use`. */
  restore(spec: FullSpec, options: Omit<ListenerOptions, 'order'>): Listener {
    this.#checkName(spec.name);
    return this.#insert(spec, options);
  }

  /** Gives name and id back. */
  drop(listener: Listener): void {
    this.#listeners.delete(listener.number);
    if (listener.name !== null) this.#names.delete(listener.name);
    this.notify(listener);
  }

  /** Takes a new name for a listener and frees the old one; takes it back when the change fails. */
  async renamed(listener: Listener, name: string | null, change: () => Promise<void>): Promise<void> {
    const before = listener.name;
    this.#rename(listener, name);
    try {
      await change();
    } catch (error) {
      this.#rename(listener, before);
      throw error;
    }
    this.notify(listener);
  }
  has(listener: Listener): boolean {
    return this.#listeners.get(listener.number) === listener;
  }

  /** By id or name. */
  lookup(ref: string): Listener | undefined {
    const number = listenerNumber(ref);
    return number === undefined ? this.#names.get(ref) : this.#listeners.get(number);
  }

  byNumber(number: number): Listener | undefined {
    return this.#listeners.get(number);
  }

  /** By id or name; throws `not_found`. */
  find(ref: string): Listener {
    const listener = this.lookup(ref);
    if (listener === undefined) throw new ProblemError('not_found', `there is no listener ${ref}${this.#advice(ref)}`);
    return listener;
  }

  /** Where to look: the name that was most likely meant, else all of them. */
  #advice(ref: string): string {
    const meant = nearest(ref, [...this.#names.keys()].slice(0, COMPARED));
    return meant === undefined
      ? '; GET /v1/listeners (listenpost ls) lists those there are'
      : `; did you mean ${meant}?`;
  }

  /** A copy, oldest first. */
  all(): Listener[] {
    return [...this.#listeners.values()];
  }

  labelled(labels: Labels): Listener[] {
    return this.all().filter(({ spec }) => labels.every(([key, value]) => spec.labels[key] === value));
  }

  onChange(callback: ChangeCallback): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  /** Tells everybody that a listener came, went or changed. */
  notify(listener: Listener): void {
    const change = { listener: listener.ref, removed: !this.has(listener) };
    for (const callback of this.#callbacks) callback(change);
  }

  #insert(spec: FullSpec, options: Omit<ListenerOptions, 'order'>): Listener {
    const listener = new Listener(spec, { ...options, order: ++this.#created });
    this.#listeners.set(listener.number, listener);
    if (spec.name !== null) this.#names.set(spec.name, listener);
    return listener;
  }

  #rename(listener: Listener, name: string | null): void {
    if (name === listener.name) return;
    this.#checkName(name);
    if (listener.name !== null) this.#names.delete(listener.name);
    if (name !== null) this.#names.set(name, listener);
    listener.spec = { ...listener.spec, name };
  }

  #checkName(name: string | null): void {
    if (name !== null && this.#names.has(name)) {
      throw new ProblemError('name_in_use', `another listener has the name ${name}`);
    }
  }

  #freeNumber(): number {
    for (;;) {
      const number = randomListenerNumber();
      if (!this.#listeners.has(number)) return number;
    }
  }
}
