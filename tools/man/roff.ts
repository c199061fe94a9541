/** The few words of man(7) that the page needs. */

/** `.SH`, `.SS` */
export function heading(level: 'SH' | 'SS', text: string): string {
  return `.${level} ${quoted(text)}`;
}

/** A term and what it means. */
export function item(term: string, text: string): string[] {
  return ['.TP', term, line(text)];
}

/** Lines as they stand, e.g. commands. */
export function verbatim(lines: string[]): string[] {
  return ['.PP', '.RS 4', '.EX', ...lines.map(line), '.EE', '.RE'];
}

/** A line of text, which must not be taken for a request. */
export function line(text: string): string {
  const safe = escaped(text);
  return /^[.']/.test(safe) ? `\\&${safe}` : safe;
}

export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

/** Hyphens of flags are minus signs, so that they can be searched and pasted; quotes and accents stay as they are. */
export function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti');
}

export function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\(dq')}"`;
}
