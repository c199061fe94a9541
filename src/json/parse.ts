/** Reads JSON with a bound on its nesting. The only way from a stranger's text to values in this program. */
import { isTooDeep, MAX_DEPTH } from './depth.ts';

/** Throws SyntaxError when the text is no JSON, or nests deeper than MAX_DEPTH. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw new TooDeepError();
  return JSON.parse(text);
}

export class TooDeepError extends SyntaxError {
  constructor() {
    super(`nests deeper than ${MAX_DEPTH}`);
  }
}

/** The text of a payload that is JSON: well-formed UTF-8, and not too deep. Undefined when it is not. */
export function jsonTextOf(payload: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(payload);
    parseJson(text);
    return text;
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
