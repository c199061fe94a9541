import type { WireError } from '../../rpc/wire-error.ts';
import type { BindingCounters, Counter } from '../counters.ts';
import type { BindingContext } from '../transport.ts';

/** Milliseconds between two problem records of one kind. */
const INTERVAL = 1000;
/** Kinds remembered: errno names are few. */
const KINDS = 64;

type Options = { counters: BindingCounters; counter: Counter; what: string; problem(error: WireError): void };
type Kind = { untold: number; timer: NodeJS.Timeout };

export class Refusals {
  readonly #options: Options;
  readonly #kinds = new Map<string, Kind>();

  /** @param options `what` says in the plural what is refused, e.g. `replies were not sent` */
  constructor(options: Options) {
    this.#options = options;
  }

  note(code: string): void {
    const { counters, counter } = this.#options;
    counters.add(counter);
    const kind = this.#kinds.get(code);
    if (kind !== undefined) kind.untold++;
    else if (this.#kinds.size < KINDS) {
      this.#tell(code, 1);
      this.#kinds.set(code, { untold: 0, timer: this.#later(code) });
    }
  }

  /** Tells what is untold. */
  close(): void {
    for (const [code, { untold, timer }] of this.#kinds) {
      clearTimeout(timer);
      if (untold > 0) this.#tell(code, untold);
    }
    this.#kinds.clear();
  }

  #later(code: string): NodeJS.Timeout {
    return setTimeout(() => this.#due(code), INTERVAL).unref();
  }

  #due(code: string): void {
    const kind = this.#kinds.get(code);
    if (kind === undefined) return;
    const { untold } = kind;
    if (untold === 0) this.#kinds.delete(code);
    else {
      kind.untold = 0;
      kind.timer = this.#later(code);
      this.#tell(code, untold);
    }
  }

  #tell(code: string, count: number): void {
    const { what, problem } = this.#options;
    problem({ code, message: `${count} ${what}: ${code}` });
  }
}

/** For the answers of a binding. */
export function repliesRefused({ counters, problem }: Pick<BindingContext, 'counters' | 'problem'>): Refusals {
  return new Refusals({ counters, problem, counter: 'repliesRefused', what: 'replies were not sent' });
}
