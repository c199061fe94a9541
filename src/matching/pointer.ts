/** JSON pointers (RFC 6901) into a payload. */

/** The reference tokens of a pointer. Throws SyntaxError when it is malformed. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) throw new SyntaxError('is no JSON pointer, e.g. /id');
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
  if (!mayHold(payload, path.length > 0)) return undefined;
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

/** Spares the parser what is no JSON document at first sight: only objects and arrays have members. */
function mayHold(payload: Uint8Array, nested: boolean): boolean {
  const first = payload.find((byte) => byte > 0x20);
  return first === 0x7b || first === 0x5b || (!nested && first !== undefined);
}

const decoder = new TextDecoder();
