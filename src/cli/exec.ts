/**
 * Becomes another program, as exec of a shell does: same process, same signals, same exit code. Where that can't be had,
 * the other runs as a child. Runs on old Nodes.
 */
import { spawn } from 'node:child_process';
import { takeSignals } from './signals.ts';

/** fcntl's number for "set the flags of this descriptor". */
const F_SETFD = 2;
const STDIO = [0, 1, 2];
/** How long a signal to this process itself may take to arrive. */
const SIGNAL_DELIVERY_MS = 5_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Answers only when the program could not be started; throws why. */
export async function exec(program: string, args: readonly string[]): Promise<void> {
  await replaceProcess(program, args).catch(() => {});
  await runChild(program, args);
}

/** Comes back only when it failed. Node lets its standard streams be closed on exec, so that is undone. */
async function replaceProcess(program: string, args: readonly string[]): Promise<void> {
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const setFlags = libc.func('int fcntl(int fd, int command, ...)');
  for (const fd of STDIO) setFlags(fd, F_SETFD, 'int', 0);
  libc.func('int execv(const char *path, const char **argv)')(program, [program, ...args, null]);
}

/** Passes signals on, and ends as the child ends. */
async function runChild(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  takeSignals();
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...end) => resolve(end));
  });
  for (const name of SIGNALS) process.off(name, pass);
  if (signal !== null) {
    process.kill(process.pid, signal);
    // It may be another thread that the system hands it to: this one does not end with a code of its own meanwhile.
    await new Promise((resolve) => setTimeout(resolve, SIGNAL_DELIVERY_MS));
  }
  process.exitCode = code ?? 1;
}
