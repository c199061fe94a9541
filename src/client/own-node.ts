/**
 * The service needs a newer Node than a machine may have. One from the npm registry can come along as a package:
 * a clone of this project has it, and so may the project that tests. Runs on old Nodes and imports nothing but them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { HERE } from './start-place.ts';

export const NODE_FLOOR = 24;

/** Whether a version of Node, e.g. `24.1.0`, is new enough. */
export function isNewEnough(version: string): boolean {
  return Number.parseInt(version, 10) >= NODE_FLOOR;
}

/**
 * The path of a Node that is new enough, among the packages that this program itself would find. Not among those of the
 * current folder: that may be anybody's.
 */
export function nodeThatCameAlong(): string | undefined {
  try {
    const manifest = createRequire(HERE).resolve(`${nodePackage()}/package.json`);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    const node = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return isNewEnough(version) && existsSync(node) ? node : undefined;
  } catch {
    return undefined;
  }
}

/** What a user on an older Node reads: what is missing, and what to do. */
export function nodeIsTooOld(): string {
  const missing = `listenpost needs Node ${NODE_FLOOR} or later; this is Node ${process.versions.node}.`;
  const packaged = `, or bring it along: npm install --save-dev ${nodePackage()}@${NODE_FLOOR}`;
  return `${missing} Install it${process.platform === 'linux' ? packaged : ''}`;
}

/** The name of the package that is Node for this kind of machine. */
function nodePackage(): string {
  return `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
}
