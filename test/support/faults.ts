/**
 * Failures at the n-th write, fsync or post of a thread: a module that is imported there before the thread's own code
 * (`--import <url>?what=write&n=7&mark=<file>`). The file is written when the failure was brought about. Or those of
 * writes in the thread of a test.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { StatementSync } from 'node:sqlite';
import { MessagePort } from 'node:worker_threads';

export const FAULTS = ['write', 'fsync', 'post'] as const;
export type Fault = (typeof FAULTS)[number];

/** Arguments of a thread that has this failure. */
export function faultArguments(what: Fault, n: number, mark: string): string[] {
  const url = new URL(import.meta.url);
  url.search = new URLSearchParams({ what, n: `${n}`, mark }).toString();
  return ['--import', url.href];
}

const asked = new URL(import.meta.url).searchParams;
if (asked.has('what')) bringAbout(asked.get('what') as Fault, Number(asked.get('n')), asked.get('mark')!);

function bringAbout(what: Fault, n: number, mark: string): void {
  let count = 0;
  const failAtLast = (error: () => Error) => {
    if (++count !== n) return;
    fs.writeFileSync(mark, `${n}`);
    throw error();
  };
  if (what === 'write') failWrites(failAtLast);
  else if (what === 'fsync') failSyncs(failAtLast);
  else failPosts(failAtLast);
}

type FailAtLast = (error: () => Error) => void;

/** What SQLite says of a disk that gives errors, before anything is written. */
function failWrites(failAtLast: FailAtLast): () => void {
  const { run } = StatementSync.prototype;
  StatementSync.prototype.run = function (this: StatementSync, ...values: Parameters<typeof run>) {
    failAtLast(() => Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 }));
    return run.apply(this, values);
  } as typeof run;
  return () => {
    StatementSync.prototype.run = run;
  };
}

/** Carries out a step in which the n-th write fails, or so many from there; true when it came to that. */
export function withFailedWrites(n: number, step: () => void, failures = 1): boolean {
  let count = 0;
  const restore = failWrites((error) => {
    count++;
    if (count >= n && count < n + failures) throw error();
  });
  try {
    step();
  } finally {
    restore();
  }
  return count >= n;
}

function failSyncs(failAtLast: FailAtLast): void {
  const { fdatasyncSync } = fs;
  fs.fdatasyncSync = (fd) => {
    failAtLast(() => Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' }));
    fdatasyncSync(fd);
  };
  syncBuiltinESMExports();
}

function failPosts(failAtLast: FailAtLast): void {
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function (this: MessagePort, ...values: Parameters<typeof postMessage>) {
    failAtLast(() => new Error('it could not be posted'));
    postMessage.apply(this, values);
  } as typeof postMessage;
}
