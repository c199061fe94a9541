/** The tables of the journal and the statements that read them. Notes stand before the blob, so skipping never reads it. */

import { CHECK, CHECK_UNIT, IS_WRONG } from './notes.ts';

export const TABLES = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listener (number INTEGER PRIMARY KEY, state TEXT NOT NULL, spec TEXT) STRICT;
CREATE TABLE IF NOT EXISTS chunk (
  row INTEGER PRIMARY KEY,
  listener INTEGER NOT NULL,
  last INTEGER NOT NULL, rest INTEGER NOT NULL,
  first INTEGER NOT NULL, skip INTEGER NOT NULL,
  start INTEGER NOT NULL, stop INTEGER NOT NULL,
  kinds INTEGER NOT NULL,
  smallest INTEGER NOT NULL, largest INTEGER NOT NULL,
  addresses INTEGER NOT NULL, endpoints INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  bytes INTEGER NOT NULL, bytes_before INTEGER NOT NULL, incoming_before INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS place ON chunk (listener, last, rest);
`;

/**
 * The version of the tables and of the chunks in them, as `user_version` of the file. 0 is a file without tables, or
 * version 1, which did not say so and has these same tables; its chunks are read as they are, see chunk-layout.ts.
 */
export const FORMAT_VERSION = 2;
/** A build of version 1 does not look at `user_version`, but refuses a file that holds what it does not know: this. */
export const FORMAT_VIEW = `format_${FORMAT_VERSION}`;
/** Makes the tables, or takes over those of version 1, as a whole or not at all. */
export const NEW_FORMAT = `BEGIN IMMEDIATE; ${TABLES}
CREATE VIEW IF NOT EXISTS ${FORMAT_VIEW} AS SELECT ${FORMAT_VERSION} AS version;
PRAGMA user_version = ${FORMAT_VERSION}; COMMIT;`;

/** Bytes of a page. */
export const PAGE = 8192;
/** The mode of `auto_vacuum` in which a file shrinks when told to. It has to be set before the first table is made. */
export const INCREMENTAL = 2;

/** Nothing in memory outlives the process, so nothing needs a rollback journal. */
export const MEMORY_PRAGMAS = `PRAGMA page_size = ${PAGE}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;`;
/** Checkpoints are made beside, and by sqliteStore.ts. A log that begins anew keeps 16 MiB of its file to write over. */
export const FILE_PRAGMAS = `PRAGMA page_size = ${PAGE}; PRAGMA auto_vacuum = ${INCREMENTAL}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY;`;

/** Every column of a row but its chunk, in the order of `notesOf`. */
const NOTE_COLUMNS = `row, listener, last, rest, first, skip, start, stop, kinds, smallest, largest, addresses, endpoints,
  thread, bytes, bytes_before, incoming_before`;
export const INSERT = `INSERT INTO chunk (${NOTE_COLUMNS}, data) VALUES (${Array(18).fill('?').join(', ')})`;
export const REPLACE = `UPDATE chunk SET data = ?, kinds = (kinds % ${CHECK_UNIT}) | ? WHERE row = ?`;
export const SEAL_NOTES = `UPDATE chunk SET kinds = kinds + ${CHECK_UNIT} * (${CHECK}) WHERE row = ?`;
export const SAVE =
  'INSERT INTO listener (number, state) VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET state = excluded.state';
export const SAVE_META =
  'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
export const ORPHANS = 'SELECT DISTINCT listener FROM chunk WHERE listener NOT IN (SELECT number FROM listener)';
export const TOTALS = 'SELECT count(*), total(bytes) FROM chunk';
export const LAST_ROW = 'SELECT coalesce(max(row), 0) FROM chunk';

/** In the order of `conditionValues`. */
const FITS = `stop >= ? AND start < ? AND kinds & ? AND (? IS NULL OR thread = ?)
  AND (kinds & ? OR (kinds & ? AND largest >= ? AND smallest <= ? AND addresses & ? = ? AND endpoints & ? = ?))`;
/** A bare `?` as the limit would have SQLite prepare the statement anew for every value bound, to plan for it. */
const LIMIT = 'LIMIT ? + 0';
const FOUND = 'row, listener, first, skip, last, rest';
const UP = `FROM chunk WHERE listener = ? AND (last, rest) > (?, ?) ORDER BY last, rest ${LIMIT}`;
const DOWN = `FROM chunk WHERE listener = ? AND (last, rest) <= (?, ?) ORDER BY last DESC, rest DESC ${LIMIT}`;
const ALL_UP = `FROM chunk WHERE row >= ? ORDER BY row ${LIMIT}`;
const ALL_DOWN = `FROM chunk WHERE row <= ? ORDER BY row DESC ${LIMIT}`;

/** The ways to walk, with conditions and without. */
export const ROW_QUERIES = {
  listener: { asc: walk(UP), desc: walk(DOWN) },
  all: { asc: walk(ALL_UP), desc: walk(ALL_DOWN) },
} as const;
export type RowQuery = { conditional: string; plain: string };

function walk(rest: string): RowQuery {
  return { conditional: `SELECT ${FOUND}, ${FITS} ${rest}`, plain: `SELECT ${FOUND}, 1 ${rest}` };
}

const NOTES = 'row, listener, first, skip, last, rest, bytes, bytes_before, incoming_before';
const ROW = `SELECT ${NOTES} FROM chunk`;
export const FIRST = `${ROW} WHERE listener = ? AND (last, rest) > (?, ?) AND bytes_before + bytes > ? AND stop >= ?
  ORDER BY last, rest LIMIT 1`;
export const OLDEST = `${ROW} ORDER BY row ${LIMIT}`;
export const DATA = 'SELECT data FROM chunk WHERE row = ?';
export const OLDEST_SUMS = `SELECT count(*), total(bytes), coalesce(max(row), 0) FROM
  (SELECT row, bytes FROM chunk WHERE row <= ? ORDER BY row ${LIMIT})`;
/** It does not return what goes: that would take longer, and OLDEST_SUMS told. */
export const TRIM_ALL = 'DELETE FROM chunk WHERE row <= ?';
export const TRIM = `DELETE FROM chunk WHERE row IN
  (SELECT row FROM chunk WHERE listener = ? AND (last, rest) <= (?, ?) ORDER BY last, rest ${LIMIT}) RETURNING row, bytes`;

/** For salvage: every column of a row but its chunk, where they are what was stored; and when its records came. */
export const SOUND_NOTES = `SELECT ${NOTE_COLUMNS} FROM chunk WHERE row = ? AND NOT ${IS_WRONG}`;
export const TIMES = 'SELECT min(start), max(stop) FROM chunk WHERE row IN (?, ?)';
export const SAVE_LISTENER = 'INSERT INTO listener (number, state, spec) VALUES (?, ?, ?)';
/** A file that is written as a whole or not at all needs no log and no sync on the way. */
export const NEW_FILE = `PRAGMA page_size = ${PAGE}; PRAGMA auto_vacuum = ${INCREMENTAL}; PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF; ${NEW_FORMAT}`;
