/** Whether a block printed what its page shows. `…` stands for whatever differs from run to run. */
import type { Output } from './markdown.ts';

/** Text is compared line by line without the white space at line ends; JSON however it is laid out. */
export function isShown({ language, text }: Output, printed: string): boolean {
  return language === 'json' ? isJsonShown(text, printed) : isTextShown(text, printed);
}

/** A line that is only `…` stands for any number of lines, elsewhere it stays within its line. */
function isTextShown(shown: string, printed: string): boolean {
  const pattern = trimmedLines(shown)
    .map((line) => (line.trim() === '…' ? '(?:[^\\n]*\\n)*?' : `${wildcards(line, '[^\\n]*?')}\\n`))
    .join('');
  return new RegExp(`^${pattern}$`).test(`${trimmedLines(printed).join('\n')}\n`);
}

/** `…` stands for a part of a string, a value, or members left out. Several documents may follow each other. */
function isJsonShown(shown: string, printed: string): boolean {
  return new RegExp(`^${wildcards(compact(shown), '[^]*?')}$`).test(compact(printed));
}

/** JSON without the white space outside of its strings. What is shown need not be valid, as it holds `…`. */
function compact(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_all, text: string | undefined) => text ?? '');
}

function wildcards(text: string, any: string): string {
  return text.split('…').map(escaped).join(any);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function trimmedLines(text: string): string[] {
  return text
    .replace(/\s+$/, '')
    .split('\n')
    .map((line) => line.trimEnd());
}
