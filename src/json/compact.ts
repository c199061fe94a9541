/** JSON text without the white space between its tokens, which leave as they are written. */
import { Tokens } from './tokens.ts';

/** The text must be JSON. */
export function compactJson(text: string): string {
  if (!/\s/.test(text)) return text;
  const tokens = new Tokens(text);
  const written: string[] = [];
  while (tokens.next()) written.push(tokens.written);
  return written.join('');
}
