/**
 * Who held which name when, as far as clients can know: certainly from the answer that gave it to the request that gave it
 * up, possibly from the request to the answer.
 */
type Hold = { id: string | null; possiblyFrom: number; from: number; until: number; possiblyUntil: number };

const OPEN = Number.POSITIVE_INFINITY;

export class Names {
  readonly #holds = new Map<string, Hold[]>();
  readonly #violate: (what: string) => void;

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  /** Somebody asks for a name. */
  ask(name: string): Hold {
    const hold = { id: null, possiblyFrom: performance.now(), from: OPEN, until: OPEN, possiblyUntil: OPEN };
    this.#of(name).push(hold);
    return hold;
  }

  /** It was given. No other listener can have held it meanwhile. */
  given(name: string, hold: Hold, id: string): void {
    hold.id = id;
    hold.from = performance.now();
    const other = this.#of(name).find((each) => each !== hold && each.id !== id && overlap(each, hold));
    if (other !== undefined) this.#violate(`${other.id} and ${id} are both named ${name}`);
  }

  /** It was refused because somebody else has it: then somebody must. */
  refused(name: string, hold: Hold): void {
    this.withdraw(name, hold);
    const others = this.#of(name).filter(({ possiblyUntil }) => possiblyUntil >= hold.possiblyFrom);
    if (others.length === 0) this.#violate(`${name} was refused, and nobody has it`);
  }

  /** It was not given, for another reason. */
  withdraw(name: string, hold: Hold): void {
    const holds = this.#of(name);
    const index = holds.indexOf(hold);
    if (index !== -1) holds.splice(index, 1);
  }

  /** Somebody asks to give up what a listener is called. Answers what it may be called, for `gone` or `kept`. */
  giveUp(id: string): { name: string; hold: Hold }[] {
    const held = [...this.#holds].flatMap(([name, holds]) =>
      holds.filter((hold) => hold.id === id && hold.until === OPEN).map((hold) => ({ name, hold })),
    );
    for (const { hold } of held) hold.until = performance.now();
    return held;
  }

  gone(held: { hold: Hold }[]): void {
    for (const { hold } of held) hold.possiblyUntil = performance.now();
  }

  kept(held: { hold: Hold }[]): void {
    for (const { hold } of held) hold.until = OPEN;
  }

  /** What a listener is certainly called. */
  of(id: string): string[] {
    const held = (hold: Hold) => hold.id === id && hold.until === OPEN;
    return [...this.#holds].filter(([, holds]) => holds.some(held)).map(([name]) => name);
  }

  #of(name: string): Hold[] {
    const holds = this.#holds.get(name) ?? [];
    this.#holds.set(name, holds);
    return holds;
  }
}

/** Both certainly held at the same time. */
function overlap(a: Hold, b: Hold): boolean {
  return Math.max(a.from, b.from) < Math.min(a.until, b.until);
}
