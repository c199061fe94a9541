/** The known word that a misspelt one most likely means, and what an error says of it. */

/** Edits that still count as a slip: one in a word of three letters or more, two in one of six; none in a shorter one. */
const SHORT = 3;
const LONG = 6;

/** Case, dashes and underscores don't count. Undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = plain(word);
  if (wanted.length > 64) return undefined;
  let best: { name: string; edits: number } | undefined;
  for (const name of known) {
    const other = plain(name);
    const most = Math.min(slips(wanted, other), (best?.edits ?? Number.POSITIVE_INFINITY) - 1);
    if (Math.abs(wanted.length - other.length) > most) continue;
    const edits = distance(wanted, other);
    if (edits <= most) best = { name, edits };
  }
  return best?.name;
}

/** Words listed at most. */
const MOST_LISTED = 12;

/** The end of an error about a word that is not known: the one most likely meant, else those there are. */
export function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  if (meant !== undefined) return `; did you mean ${meant}?`;
  if (known.length === 0) return '; there are none';
  const more = known.length > MOST_LISTED ? ', …' : '';
  return `; known ${known.length === 1 ? 'is' : 'are'} ${known.slice(0, MOST_LISTED).join(', ')}${more}`;
}

function slips(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  if (length < SHORT) return 0;
  return length < LONG ? 1 : 2;
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '');
}

/** Letters to insert, drop, change, or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let [twoBack, before]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(before[j]! + 1, row[j - 1]! + 1, change, isSwap ? twoBack[j - 2]! + 1 : change);
    }
    [twoBack, before] = [before, row];
  }
  return before[b.length]!;
}
