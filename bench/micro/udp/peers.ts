/** The programs that are measured beside ours: C peers, compiled when they are needed, plain node:dgram and Python. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const sources = join(import.meta.dirname, '../../../../bench/peers');
const compiled = mkdtempSync(join(tmpdir(), 'listenpost-bench-'));

export const BUFFER = 8 * 1024 * 1024;
export type Receiver = { port: number; ended(): Promise<Counted>; stop(): void };
export type Counted = { received: number; ms: number; cpuUs: number };
export type Sent = { sent: number; ms: number; cpuUs: number };
export type Trips = { trips: number; ms: number; lost: number };

/** Whether a command can be run at all. */
export function has(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Path of a C peer's program. */
export function peer(name: 'udp-send' | 'udp-count' | 'udp-ping'): string {
  const program = join(compiled, name);
  execFileSync('cc', ['-O2', '-o', program, join(sources, `${name}.c`)]);
  return program;
}

export const dgramPeer = [process.execPath, join(sources, 'dgram-peer.mjs')];
export const pythonPeer = ['python3', join(sources, 'socketserver_peer.py')];

/** Starts a program that prints "port N" first and, if it counts, a line of JSON last. */
export async function start([program = '', ...args]: string[]): Promise<Receiver> {
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  const { value } = await lines.next();
  return {
    port: Number(String(value).replace('port ', '')),
    ended: async () => JSON.parse(String((await lines.next()).value)) as Counted,
    stop: () => child.kill(),
  };
}

/** Sends numbered datagrams with sendmmsg; a rate of 0 is full speed. */
export async function flood(
  sender: string,
  to: { port: number; count: number; size?: number; rate?: number },
): Promise<Sent> {
  const { port, count, size = 64, rate = 0 } = to;
  const { stdout } = await run(sender, ['127.0.0.1', `${port}`, `${count}`, `${size}`, `${rate}`]);
  return JSON.parse(stdout) as Sent;
}

/** Keeps a window of datagrams outstanding. */
export async function ping(pinger: string, to: { port: number; window: number; ms: number }): Promise<Trips> {
  const { stdout } = await run(pinger, ['127.0.0.1', `${to.port}`, `${to.window}`, `${to.ms}`, '64']);
  return JSON.parse(stdout) as Trips;
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
