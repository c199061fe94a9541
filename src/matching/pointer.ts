/** JSON pointers (RFC 6901) into a payload. */

/** The reference tokens of a pointer. Throws SyntaxError when it does not start with `/`. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw new SyntaxError('a JSON pointer starts with /');
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value a path leads to; undefined when the payload is not JSON. */
export function valueAt(
  payload: Uint8Array,
  path: readonly string[],
): { exists: boolean; value?: unknown } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(payload));
  } catch {
    return undefined;
  }
  for (const token of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, token)) return { exists: false };
    value = (value as Record<string, unknown>)[token];
  }
  return { exists: true, value };
}

const decoder = new TextDecoder();
