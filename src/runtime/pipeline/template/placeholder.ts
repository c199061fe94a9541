/** A place: its words as an expression, and its value as the form of the template wants it. */
import type { Request } from '../request.ts';
import { Arguments, type TemplateOptions } from './arguments.ts';
import { ArgumentError, bytesOf, type Expression, jsonCharacters } from './expression.ts';
import { functionOf } from './functions.ts';
import { type Laid, laidPlace } from './layout.ts';
import { isOfMessage, jsonValue, namedValue } from './names.ts';
import { TemplateError } from './template-error.ts';
import { hintOf } from './unknown-names.ts';

export type Placeholder = {
  /** What stands between the braces. */
  readonly inner: string;
  /** With json: it is all there is in a string, quotes included, so a value may stand there instead. */
  readonly isWholeString: boolean;
};

/** Where a message is answered, and no rule decides. */
export const NO_SCOPE: TemplateOptions = {
  form: 'text',
  fields: new Map(),
  captures: null,
  hasMessage: true,
  hasState: false,
};

/** Throws TemplateError. */
export function compilePlace(
  { inner, isWholeString }: Placeholder,
  options: TemplateOptions,
): ((request: Request) => Uint8Array) | Laid {
  const shown = inner.trim();
  try {
    const words = new Arguments(inner, options, expressionOf);
    const compiled = isWholeString ? wholeString(words) : placed(words);
    if (!words.isEmpty) throw new ArgumentError(`${words.peek()} is more than ${words.first} takes`);
    return compiled;
  } catch (error) {
    if (error instanceof UnknownName)
      throw new TemplateError(shown, `unknown name in template: {{${shown}}}${hintOf(error.word, options)}`);
    if (error instanceof ArgumentError) throw new TemplateError(shown, `{{${shown}}} in template: ${error.message}`);
    throw error;
  }
}

class UnknownName extends ArgumentError {
  readonly word: string;
  constructor(word: string) {
    super();
    this.word = word;
  }
}

function placed(words: Arguments): ((request: Request) => Uint8Array) | Laid {
  const { form } = words.options;
  const laid = laidPlace(words);
  if (laid !== undefined) {
    if (form === 'json') throw new ArgumentError('gives bytes, and JSON is text');
    return laid;
  }
  const expression = expressionOf(words);
  return form === 'json' ? jsonCharacters(expression) : bytesOf(expression, form);
}

/** `"{{json /a}}"` becomes the value itself; any other place stays in its string. */
function wholeString(words: Arguments): (request: Request) => Uint8Array {
  if (words.peek() === 'json') {
    checkMessage('json', words);
    words.word('json');
    return jsonValue(words);
  }
  const inside = placed(words) as (request: Request) => Uint8Array;
  return (request) => Buffer.concat([QUOTE, inside(request), QUOTE]);
}

const QUOTE = Buffer.from('"');

/** Without a message nothing can be taken out of it. */
function checkMessage(name: string, { options }: Arguments): void {
  if (!options.hasMessage && isOfMessage(name))
    throw new ArgumentError(`${name} is of a message, and here is none that is answered`);
}

function expressionOf(words: Arguments): Expression {
  const name = words.peek() ?? '';
  if (name === '') throw new UnknownName(name);
  words.word(name);
  checkMessage(name, words);
  const found = functionOf(name, words) ?? namedValue(name, words);
  if (found === undefined) throw new UnknownName(name);
  return found;
}
