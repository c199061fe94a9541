/**
 * Runs the blocks of a section one after the other in one bash, in a directory of its own, so that a block finds the
 * variables, files and background jobs of those before it. The first command that fails ends the run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { MAIN } from '../support/process.ts';

export type Run = { exitCode: number; stdout: string; stderr: string };

/** Milliseconds that a whole section may take, on a machine that is busy. */
const SCRIPT_TIMEOUT_MS = 60_000;

/** What each block printed, up to and with the one that failed. `listenpost` is a command there. */
export async function runInOneShell(scripts: string[], env: NodeJS.ProcessEnv): Promise<Run[]> {
  const directory = await mkdtemp(join(tmpdir(), 'listenpost-docs-'));
  try {
    const files = scripts.map((_, i) => join(directory, `.block-${i}`));
    await Promise.all(scripts.map((code, i) => writeFile(files[i]!, code)));
    await writeFile(join(directory, '.all'), scripts.map((_, i) => step(i)).join('\n'));
    const path = [await commandDirectory(directory), env.PATH].join(delimiter);
    const exitCode = await bash(directory, { ...env, PATH: path });
    return await collect(files, exitCode);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A directory with the command `listenpost`, as an installation would have it. */
async function commandDirectory(directory: string): Promise<string> {
  const commands = join(directory, '.bin');
  await mkdir(commands);
  const script = `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`;
  await writeFile(join(commands, 'listenpost'), script, { mode: 0o755 });
  return commands;
}

/** Standard input is empty, as a program that reads it would else swallow the blocks that follow. */
function step(i: number): string {
  return `exec >.block-${i}.out 2>.block-${i}.err; . ./.block-${i}`;
}

async function bash(directory: string, env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', '.all'], {
    cwd: directory,
    env,
    stdio: 'ignore',
    detached: true,
  });
  const timer = setTimeout(() => endGroup(child.pid!), SCRIPT_TIMEOUT_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  endGroup(child.pid!);
  return code ?? 124;
}

/** Background jobs of the blocks may still run; bash began a process group of its own. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {}
}

/** The last block that began is the one that failed, when one did. */
async function collect(files: string[], exitCode: number): Promise<Run[]> {
  const runs: Run[] = [];
  for (const file of files) {
    const printed = await Promise.all([readFile(`${file}.out`, 'utf8'), readFile(`${file}.err`, 'utf8')]).catch(
      () => undefined,
    );
    if (printed === undefined) break;
    runs.push({ exitCode: 0, stdout: printed[0], stderr: printed[1] });
  }
  if (runs.length > 0) runs.at(-1)!.exitCode = exitCode;
  return runs;
}
