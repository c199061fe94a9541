/** How deep JSON may nest here. What goes deeper is refused before anything that recurses sees it. */

/** Arrays and objects inside one another, the outermost counted. */
export const MAX_DEPTH = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether a text nests deeper than that. One pass, no recursion, and any text will do: brackets in strings don't count. */
export function isTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(text, i);
    else if (opens(code) && ++depth > MAX_DEPTH) return true;
    else if (closes(code)) depth--;
  }
  return false;
}

/** Where the string that begins at a quotation mark has its other one; beyond the text when it has none. */
export function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    i += code === BACKSLASH ? 2 : 1;
  }
  return text.length;
}

/** `[` or `{` */
export function opens(code: number): boolean {
  return code === 0x5b || code === 0x7b;
}

/** `]` or `}` */
export function closes(code: number): boolean {
  return code === 0x5d || code === 0x7d;
}
