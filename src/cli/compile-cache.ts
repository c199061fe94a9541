/**
 * Compiled code is kept between starts, in the user's own cache folder and nowhere else: a shared temporary folder could
 * be anybody's, and what is read there is run. Where nothing can be written, nothing is kept and nothing is said.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import * as module from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Counts for this process and, by the environment, for its threads. What the user set for Node is left as it is. */
export function enableCompileCache(env: NodeJS.ProcessEnv = process.env): void {
  if (env.NODE_COMPILE_CACHE !== undefined || env.NODE_DISABLE_COMPILE_CACHE !== undefined) return;
  try {
    const directory = ownDirectory(env.XDG_CACHE_HOME);
    module.enableCompileCache(directory);
    env.NODE_COMPILE_CACHE = directory;
  } catch {
    // The start is slower by what is compiled anew.
  }
}

/** Throws where it can't be had. Made level by level: Node's recursive mkdir never ends on some file systems (/proc). */
function ownDirectory(given: string | undefined): string {
  const base = given !== undefined && isAbsolute(given) ? given : join(homedir(), '.cache');
  if (!isAbsolute(base)) throw new Error('no home, and the current folder may belong to anybody');
  const directory = join(base, 'listenpost');
  for (const level of [base, directory]) make(level);
  accessSync(directory, constants.W_OK | constants.X_OK);
  return directory;
}

function make(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
