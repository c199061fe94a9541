/** Finds text that no UTF-8 can hold: half characters (lone surrogates), which JSON can write as escapes. */
import { pointerToken } from './pointer.ts';

/** A JSON pointer to a string, or to a member by its name, that holds one; undefined when there is none. No recursion. */
export function illFormedAt(value: unknown): string | undefined {
  const left: [value: unknown, pointer: string][] = [[value, '']];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [part, pointer] = next;
    if (typeof part === 'string' && !part.isWellFormed()) return pointer;
    if (typeof part !== 'object' || part === null) continue;
    for (const [name, inner] of Object.entries(part)) {
      const at = `${pointer}/${pointerToken(name)}`;
      if (!name.isWellFormed()) return at.toWellFormed();
      left.push([inner, at]);
    }
  }
  return undefined;
}
