/**
 * The check of a row's notes. A chunk has a checksum of its own; what is noted beside it says which records readers find
 * at all, so it has one too: the sum of all notes, each times a weight of its own, modulo a prime. SQLite computes the same
 * without reading a chunk. It stands above the kinds, which need few bits.
 */

/** The largest prime below 2^32. */
const MODULUS = 4_294_967_291;
/** Kinds are below it, and the check is counted in it. */
export const CHECK_UNIT = 65_536;
const COLUMNS = [
  ...['row', 'listener', 'last', 'rest', 'first', 'skip', 'start', 'stop', `kinds & ${CHECK_UNIT - 1}`, 'smallest'],
  ...['largest', 'addresses', 'endpoints', 'thread', 'bytes', 'bytes_before', 'incoming_before'],
];

/** The check as SQL sees it. */
export const CHECK = modulo(COLUMNS.map((column, i) => `${weight(i)} * (${column})`).join(' + '));
/** What the index `place` holds of a row, in one number. */
export const PLACE = modulo(
  COLUMNS.slice(0, 4)
    .map((column, i) => `${weight(i)} * (${column})`)
    .join(' + '),
);
/** Whether a row is not as it was stored. Rows of an older version have no check. */
export const IS_WRONG = `kinds / ${CHECK_UNIT} NOT IN (0, ${CHECK})`;

/** The check of notes in the order of the columns. */
export function checkOf(notes: readonly number[]): number {
  const sum = notes.reduce((sum, note, i) => sum + weight(i) * (note % MODULUS), 0);
  return ((sum % MODULUS) + MODULUS) % MODULUS;
}

function weight(i: number): number {
  return 2 * i + 1;
}

function modulo(sum: string): string {
  return `((${sum}) % ${MODULUS} + ${MODULUS}) % ${MODULUS}`;
}
