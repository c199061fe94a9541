/** Arguments: the words of a place, taken one after the other by the names that need them. */
import type { Field } from '../../../matching/fields.ts';
import { ArgumentError, type Expression, integerOf, type TemplateForm } from './expression.ts';

/** What a template is compiled for. */
export type TemplateOptions = {
  readonly form: TemplateForm;
  /** What `field.NAME` may name. */
  readonly fields: ReadonlyMap<string, Field>;
  /** How many groups the pattern with most has, and names of those of all; null where nothing is taken out of a message. */
  readonly captures: { readonly groups: number; readonly names: ReadonlySet<string> } | null;
  /** There is a message to take parts from. */
  readonly hasMessage: boolean;
  /** `state` is known. */
  readonly hasState: boolean;
};

type Compile = (words: Arguments) => Expression;

/** Words of one place. A name takes fixed ones, so this bounds how deep and wide they stand in each other. */
const MOST_WORDS = 64;
const WHOLE_NUMBER = /^[+-]?\d{1,20}$/;

export class Arguments {
  readonly options: TemplateOptions;
  readonly #compile: Compile;
  readonly #words: readonly string[];
  #at = 0;

  /** @param inner what stands between the braces */
  constructor(inner: string, options: TemplateOptions, compile: Compile) {
    this.options = options;
    this.#compile = compile;
    this.#words = inner.trim().split(/\s+/);
    if (this.#words.length > MOST_WORDS) throw new ArgumentError(`has more than ${MOST_WORDS} words`);
  }

  get isEmpty(): boolean {
    return this.#at === this.#words.length;
  }

  get first(): string {
    return this.#words[0]!;
  }

  peek(): string | undefined {
    return this.#words[this.#at];
  }

  /** @param of the name that needs it */
  word(of: string): string {
    const word = this.#words[this.#at++];
    if (word === undefined || word === '') throw new ArgumentError(lacksWord(of));
    return word;
  }

  /** A number, bytes, or a place with its own arguments. */
  expression(of: string): Expression {
    if (this.peek() === undefined) throw new ArgumentError(lacksWord(of));
    const word = this.peek()!;
    if (WHOLE_NUMBER.test(word) || /^0x/i.test(word)) return literal(this.word(of));
    return this.#compile(this);
  }

  /** A whole number: written out, or the value of a place. */
  integer(of: string): ReturnType<typeof integerOf> {
    return integerOf(this.expression(of));
  }

  /** A whole number that is written out. */
  number(of: string): number {
    const word = this.word(of);
    if (!WHOLE_NUMBER.test(word) || !Number.isSafeInteger(Number(word)))
      throw new ArgumentError(`${of} needs a whole number, not ${word}`);
    return Number(word);
  }

  /** A whole number if the next word is one. */
  optionalNumber(of: string): number | undefined {
    const word = this.peek();
    return word !== undefined && WHOLE_NUMBER.test(word) ? this.number(of) : undefined;
  }
}

/** How names are written that have more than one argument, or one that is not any place. */
const EXAMPLES: Readonly<Record<string, string>> = {
  upper: 'upper text',
  crc32: 'crc32 text',
  len: 'len text',
  add: 'add size 2',
  repeat: 'repeat 3 text',
  random: 'random 1 6',
  json: 'json /id',
  bytes: 'bytes 4 8',
  pad: 'pad 64 0x00',
};

function lacksWord(of: string): string {
  return `${of} needs one more argument, as in ${EXAMPLES[of] ?? `${of} n`}`;
}

/** Bytes count as the number they are, the first byte first, where a number is needed. */
function literal(word: string): Expression {
  if (!/^0x/i.test(word)) {
    const value = BigInt(word.replace(/^\+/, ''));
    return { name: word, kind: 'number', value: () => value, integer: value };
  }
  if (!/^0x([0-9a-f]{2})+$/i.test(word)) throw new ArgumentError(`${word} is not pairs of hex digits`);
  const bytes = Uint8Array.from(Buffer.from(word.slice(2), 'hex'));
  const integer = BigInt(word);
  return { name: word, kind: 'text', value: () => bytes, integer };
}
