/**
 * FormatVersion: whether this build can read a journal's file. It is looked at before anything is written: a file of a
 * newer build is refused as it is, one of the build before is taken over, see schema.ts.
 */
import { DamagedFile } from './inspection.ts';
import { FORMAT_VERSION } from './schema.ts';
import type { Statements } from './statements.ts';

/** No build has, or soon will have, so many versions: above it, and below 0, the header of the file is damaged. */
const PLAUSIBLE = 1000;

/** The version that the file names. Throws an Error of one line for a newer one, DamagedFile for one that can't be. */
export function checkVersion(statements: Statements): number {
  const [version] = statements.get('PRAGMA user_version') as [number];
  if (version < 0 || version > PLAUSIBLE) throw new DamagedFile(`its header names version ${version}`);
  if (version <= FORMAT_VERSION) return version;
  throw new Error(
    `it is of format version ${version}, and this build reads up to ${FORMAT_VERSION}: use the build that wrote it, or a newer one`,
  );
}
