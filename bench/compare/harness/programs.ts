/** Programs that are measured or that measure: C peers compiled on the spot, and whatever else runs as a process. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Sources of the peers; this file runs from dist/bench/harness. */
const sources = join(import.meta.dirname, '../../../../bench/peers');
/** Clock ticks of /proc/PID/stat are a hundredth of a second on every Linux that Node runs on. */
const TICK_US = 10_000;
const PROGRAM_TIMEOUT_MS = 180_000;
const runFile = promisify(execFile);
const children = new Set<ChildProcess>();

/** A directory for programs and data, gone when the run is over. */
export const scratch = mkdtempSync(join(tmpdir(), 'listenpost-bench-'));
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

export type Program = {
  readonly pid: number;
  /** The next line it prints, undefined when there is none any more. */
  line(): Promise<string | undefined>;
  /** Microseconds of CPU, all threads, by the accounting of the system. */
  cpuUs(): number;
  /** Bytes of resident memory. */
  residentBytes(): number;
  stop(): Promise<void>;
};

export function launch([command = '', ...args]: readonly string[]): Program {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.add(child);
  const gone = once(child, 'exit').finally(() => children.delete(child));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    pid: child.pid!,
    line: async () => (await lines.next()).value as string | undefined,
    cpuUs: () => cpuOf(child.pid!),
    residentBytes: () => Number(readFileSync(`/proc/${child.pid}/statm`, 'latin1').split(' ')[1]) * 4096,
    async stop() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** Starts a program that says "port N" first. */
export async function launchServer(command: readonly string[]): Promise<Program & { port: number }> {
  const program = launch(command);
  const port = Number((await program.line())?.replace('port ', ''));
  if (!(port > 0)) throw new Error(`${command[0]} did not say its port`);
  return { ...program, port };
}

/** Runs a program to its end; what it prints is JSON. */
export async function result<T>(command: readonly string[]): Promise<T> {
  const [program = '', ...args] = command;
  const { stdout } = await runFile(program, args, { timeout: PROGRAM_TIMEOUT_MS });
  return JSON.parse(stdout) as T;
}

/** Path of a C peer, compiled when it is first asked for. Throws where there is no C compiler. */
export function compiled(name: string): string {
  const known = programs.get(name);
  if (known !== undefined) return known;
  const program = join(scratch, name);
  execFileSync('cc', ['-O2', '-o', program, source(`${name}.c`)], { stdio: ['ignore', 'ignore', 'inherit'] });
  programs.set(name, program);
  return program;
}
const programs = new Map<string, string>();

/** Path of a peer that is a script. */
export function source(name: string): string {
  return join(sources, name);
}

/** Whether a command can be run at all. @param flag has it say its version and end */
export function has(command: string, flag = '--version'): boolean {
  try {
    execFileSync(command, [flag], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A TCP port that was free a moment ago, for programs that don't choose one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** proc(5): utime and stime are fields 14 and 15; the name in field 2 may hold spaces. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}
