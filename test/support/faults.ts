/**
 * Failures at the n-th write, statement, fsync or post of a thread: a module that is imported there before the thread's
 * own code (`--import <url>?what=write&n=7&mark=<file>`). The file is written when the failure was brought about. Or those
 * of writes and posts in the thread of a test.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { MessagePort, Worker, workerData } from 'node:worker_threads';

/** `statements` are two in a row, whatever they do: what goes back after a failure may fail too. */
export const FAULTS = ['write', 'statements', 'fsync', 'fsync beside', 'post'] as const;
export type Fault = (typeof FAULTS)[number];

/** Arguments of a thread that has this failure. */
export function faultArguments(what: Fault, n: number, mark: string): string[] {
  const url = new URL(import.meta.url);
  url.search = new URLSearchParams({ what, n: `${n}`, mark }).toString();
  return ['--import', url.href];
}

/** The options of node that bring the failure about in the pool's thread of this name, and in no other. */
export function faultOptions(thread: string, what: Fault, n: number, mark: string): string {
  const url = new URL(import.meta.url);
  url.search = new URLSearchParams({ what, n: `${n}`, mark, thread }).toString();
  return `--import ${url.href}`;
}

const asked = new URL(import.meta.url).searchParams;
const isHere = asked.get('thread') === null || asked.get('thread') === workerData?.name;
if (asked.has('what') && isHere) bringAbout(asked.get('what') as Fault, Number(asked.get('n')), asked.get('mark')!);

function bringAbout(what: Fault, n: number, mark: string): void {
  let count = 0;
  const last = what === 'statements' ? n + 1 : n;
  const failAtLast = (error: () => Error) => {
    if (++count < n || count > last) return;
    fs.writeFileSync(mark, `${n}`);
    throw error();
  };
  if (what === 'write') failWrites(failAtLast);
  else if (what === 'statements') failStatements(failAtLast);
  else if (what === 'fsync') failSyncs(failAtLast);
  else if (what === 'fsync beside') failSyncsBeside(failAtLast);
  else failPosts(failAtLast);
}

type FailAtLast = (error: () => Error) => void;

/** What SQLite says of a disk that gives errors, before anything is written. */
function failWrites(failAtLast: FailAtLast): () => void {
  const { run } = StatementSync.prototype;
  StatementSync.prototype.run = function (this: StatementSync, ...values: Parameters<typeof run>) {
    failAtLast(diskError);
    return run.apply(this, values);
  } as typeof run;
  return () => {
    StatementSync.prototype.run = run;
  };
}

function diskError(): Error {
  return Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 });
}

function failStatements(failAtLast: FailAtLast): void {
  failWrites(failAtLast);
  const { get, all } = StatementSync.prototype;
  const { exec } = DatabaseSync.prototype;
  StatementSync.prototype.get = function (this: StatementSync, ...values: Parameters<typeof get>) {
    failAtLast(diskError);
    return get.apply(this, values);
  } as typeof get;
  StatementSync.prototype.all = function (this: StatementSync, ...values: Parameters<typeof all>) {
    failAtLast(diskError);
    return all.apply(this, values);
  } as typeof all;
  DatabaseSync.prototype.exec = function (this: DatabaseSync, text: string) {
    failAtLast(diskError);
    exec.call(this, text);
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
    failAtLast(syncError);
    fdatasyncSync(fd);
  };
  syncBuiltinESMExports();
}

/** Those that do not hold up the thread. */
function failSyncsBeside(failAtLast: FailAtLast): void {
  const { fdatasync } = fs;
  fs.fdatasync = Object.assign((fd: number, callback: fs.NoParamCallback) => {
    try {
      failAtLast(syncError);
    } catch (error) {
      setImmediate(callback, error as Error);
      return;
    }
    fdatasync(fd, callback);
  }, fdatasync);
  syncBuiltinESMExports();
}

function syncError(): Error {
  return Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });
}

function failPosts(failAtLast: FailAtLast): void {
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function (this: MessagePort, ...values: Parameters<typeof postMessage>) {
    failAtLast(postError);
    postMessage.apply(this, values);
  } as typeof postMessage;
}

function postError(): Error {
  return new Error('it could not be posted');
}

/** From now on, the n-th post of this thread to one of its own fails. Returns how to end that, and whether it came to it. */
export function failPostToThreads(n: number): () => boolean {
  const { postMessage } = Worker.prototype;
  let count = 0;
  Worker.prototype.postMessage = function (this: Worker, ...values: Parameters<typeof postMessage>) {
    if (++count === n) throw postError();
    postMessage.apply(this, values);
  } as typeof postMessage;
  return () => {
    Worker.prototype.postMessage = postMessage;
    return count >= n;
  };
}
