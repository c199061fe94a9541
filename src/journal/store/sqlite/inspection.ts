/**
 * Inspection: whether a journal's file is what was written, as far as that can be told without reading every chunk: its
 * structure, its index, the notes of its rows and what is known of listeners. Chunks are checked when they are read.
 */
import { IS_WRONG, PLACE } from './notes.ts';
import { FORMAT_VIEW } from './schema.ts';
import { openedText } from './sealed-text.ts';
import type { Statements } from './statements.ts';
import { isDamage } from './storage-fault.ts';

/** The file must be made good before it can be used: see salvage.ts. */
export class DamagedFile extends Error {}

const NAMES = new Set(['meta', 'listener', 'chunk', 'place', FORMAT_VIEW]);
const TABLE = `SELECT count(*), sum(${PLACE}), total(${IS_WRONG}) FROM chunk`;
const INDEX = `SELECT count(*), sum(${PLACE}) FROM chunk INDEXED BY place`;

/** Before anything is made in the file: throws an Error when it holds other tables than a journal does. */
export function checkTables(statements: Statements): void {
  const names = statements.all("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'");
  const strange = names.find(([name]) => !NAMES.has(name as string));
  if (strange !== undefined)
    throw new Error(`its tables are not those of a journal: there is ${JSON.stringify(strange[0])}`);
}

/** Throws DamagedFile. */
export function inspect(statements: Statements): void {
  const why = finding(statements);
  if (why !== undefined) throw new DamagedFile(why);
}

function finding(statements: Statements): string | undefined {
  try {
    return structure(statements) ?? rows(statements) ?? listeners(statements);
  } catch (error) {
    const { code } = error as Error & { code?: string };
    if (!isDamage(error) && code !== 'ERR_OUT_OF_RANGE') throw error;
    return (error as Error).message;
  }
}

function structure(statements: Statements): string | undefined {
  const [verdict] = statements.get('PRAGMA quick_check(1)')!;
  return verdict === 'ok' ? undefined : `${verdict}`.replaceAll('\n', ' ');
}

function rows(statements: Statements): string | undefined {
  const [count, places, wrong] = statements.get(TABLE)!;
  const [indexed, indexedPlaces] = statements.get(INDEX)!;
  if (count !== indexed || places !== indexedPlaces) return 'an index does not fit its table';
  return wrong === 0 ? undefined : `what is noted of ${wrong} chunks is not what was stored`;
}

function listeners(statements: Statements): string | undefined {
  const texts = statements.all('SELECT state, spec FROM listener').flat();
  const wrong = texts.filter((text) => text !== null && openedText(text as string) === undefined);
  return wrong.length === 0 ? undefined : 'what is known of a listener is not what was stored';
}
