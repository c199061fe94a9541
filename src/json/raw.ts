/** JSON text inside of values: written out as it stands, so that nothing of it is altered on the way through a value. */

/** Stands for a value, as text. Where it is not written by `stringifyRaw`, it is the value as JSON.parse has it. */
export class RawJson {
  readonly text: string;

  /** @param text must be JSON */
  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    if (texts === null) return JSON.parse(this.text);
    texts.push(this.text);
    return `${MARK}${texts.length - 1}`;
  }
}

/** No text of a stranger's holds it. */
const MARK = `raw ${crypto.getRandomValues(new Uint32Array(4)).join(' ')} `;
const PLACE = new RegExp(`"${MARK}(\\d+)"`, 'g');

/** Met by the `stringifyRaw` under way, in order; null while there is none. */
let texts: string[] | null = null;

/** JSON.stringify, but with the text of each RawJson as it stands. */
export function stringifyRaw(value: unknown): string {
  const met: string[] = [];
  texts = met;
  try {
    const written = JSON.stringify(value);
    return met.length === 0 ? written : written.replace(PLACE, (_, i) => met[Number(i)]!);
  } finally {
    texts = null;
  }
}
