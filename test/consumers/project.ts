/**
 * A project of somebody else: a folder that has Listenpost among its packages, and what tools/consumers installed. That is
 * installed on its own (`npm ci` in tools/consumers), so where it is missing the tests that need it are skipped.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PACKAGES = join(ROOT, 'tools/consumers/node_modules');
export const skip = existsSync(PACKAGES) ? false : 'not installed: npm ci --prefix tools/consumers';

export type Ended = { code: number; output: string };

/** Such a project with these files, gone after the test. */
export function projectWith(t: Test, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'listenpost-project-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/listenpost'));
  symlinkSync(join(PACKAGES, '@oazapfts'), join(folder, 'node_modules/@oazapfts'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Runs a program, by its absolute path or by that below the packages, on a Node without what tap adds to it. */
export function runIn(folder: string, program: string, args: string[]): Promise<Ended> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return new Promise((settle) => {
    execFile(process.execPath, [resolve(PACKAGES, program), ...args], { cwd: folder, env }, (error, stdout, stderr) =>
      settle({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` }),
    );
  });
}
