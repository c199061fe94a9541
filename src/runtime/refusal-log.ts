import type { WireError } from '../rpc/wire-error.ts';
import type { BindingCounters, Counter } from './counters.ts';
import type { BindingContext } from './transport.ts';

/** Milliseconds between two problem records of one kind. */
const INTERVAL = 1000;
/** Kinds remembered: errno names are few. */
const KINDS = 64;

type Options = { counters: BindingCounters; counter: Counter; what: string; problem(error: WireError): void };
type Kind = { unreported: number; detail: string; timer: NodeJS.Timeout };

export class RefusalLog {
  readonly #options: Options;
  readonly #kinds = new Map<string, Kind>();

  /** @param options `what` says in the plural what is refused, e.g. `replies were not sent` */
  constructor(options: Options) {
    this.#options = options;
  }

  /** @param detail of the newest, where the code does not say it all */
  note(code: string, detail = code): void {
    const { counters, counter } = this.#options;
    counters.add(counter);
    const kind = this.#kinds.get(code);
    if (kind !== undefined) {
      kind.unreported++;
      kind.detail = detail;
    } else if (this.#kinds.size < KINDS) {
      this.#report(code, detail, 1);
      this.#kinds.set(code, { unreported: 0, detail, timer: this.#later(code) });
    }
  }

  /** Tells what is unreported. */
  close(): void {
    for (const [code, { unreported, detail, timer }] of this.#kinds) {
      clearTimeout(timer);
      if (unreported > 0) this.#report(code, detail, unreported);
    }
    this.#kinds.clear();
  }

  #later(code: string): NodeJS.Timeout {
    return setTimeout(() => this.#due(code), INTERVAL).unref();
  }

  #due(code: string): void {
    const kind = this.#kinds.get(code);
    if (kind === undefined) return;
    const { unreported, detail } = kind;
    if (unreported === 0) this.#kinds.delete(code);
    else {
      kind.unreported = 0;
      kind.timer = this.#later(code);
      this.#report(code, detail, unreported);
    }
  }

  #report(code: string, detail: string, count: number): void {
    const { what, problem } = this.#options;
    problem({ code, message: `${count} ${what}: ${detail}` });
  }
}

/** For the answers of a binding. */
export function repliesRefused({ counters, problem }: Pick<BindingContext, 'counters' | 'problem'>): RefusalLog {
  return new RefusalLog({ counters, problem, counter: 'repliesRefused', what: 'replies were not sent' });
}
