/**
 * Damage of a write-ahead log. SQLite reads it up to the first frame whose checksum does not hold and says nothing of what
 * follows; so does a kill in the middle of a commit end it. The two differ: only damage leaves whole commits beyond.
 * Where the log was cut off, its index still says how long it was: the file of a memory that processes share, which
 * outlives a kill, but not the machine. See the file format of SQLite, "The WAL File Format" and "WAL-Index".
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Statements } from './statements.ts';

const HEADER = 32;
const FRAME_HEADER = 24;
/** Of the index, as far as it is of interest; numbers are in the order of the machine. */
const INDEX_HEADER = 48;
/** The last bit of the magic number says in which order the words of checksums are read. */
const MAGIC = 0x377f0682;

/** The number of the last frame that ends a commit, 0 when there is none. To be asked before the database is opened. */
export function lastCommitIn(database: string): number {
  const index = begunIn(`${database}-shm`, INDEX_HEADER);
  const last = index === undefined ? 0 : index.bytes.readUInt32LE(16);
  const log = begunIn(`${database}-wal`, HEADER);
  if (log === undefined) return last;
  const file = openSync(`${database}-wal`, 'r');
  try {
    const isOfLog = index?.bytes.subarray(32, 40).equals(log.bytes.subarray(16, 24)) === true;
    return Math.max(isOfLog ? last : 0, lastCommit(file, log));
  } finally {
    closeSync(file);
  }
}

type Begun = { bytes: Buffer; size: number };

/** The first bytes of a file, undefined when it is not there or not that long. */
function begunIn(path: string, length: number): Begun | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < length) return undefined;
  const file = openSync(path, 'r');
  try {
    return { bytes: read(file, length, 0), size };
  } finally {
    closeSync(file);
  }
}

/** Whether SQLite, which has just opened the database, did not see that commit. */
export function isLogCut(lastCommit: number, statements: Statements): boolean {
  if (lastCommit === 0) return false;
  const [, frames] = statements.get('PRAGMA wal_checkpoint(PASSIVE)') as [number, number, number];
  return frames < lastCommit;
}

function lastCommit(file: number, { bytes: header, size }: Begun): number {
  if (size <= HEADER + FRAME_HEADER) return 0;
  if (!isSound(header)) return Number.POSITIVE_INFINITY;
  const salt = header.subarray(16, 24);
  const frame = FRAME_HEADER + header.readUInt32BE(8);
  let last = 0;
  for (let number = 1, at = HEADER; at + frame <= size; number++, at += frame) {
    const each = frameAt(file, at);
    if (each.pages !== 0 && each.salt.equals(salt)) last = number;
  }
  return last;
}

/** `pages` is the size of the database where the frame ends a commit, else 0; frames of earlier rounds have another salt. */
function frameAt(file: number, at: number): { pages: number; salt: Buffer } {
  const header = read(file, FRAME_HEADER, at);
  return { pages: header.readUInt32BE(4), salt: header.subarray(8, 16) };
}

function isSound(header: Buffer): boolean {
  const magic = header.readUInt32BE(0);
  if ((magic & ~1) !== MAGIC) return false;
  const word = (at: number) => ((magic & 1) === 1 ? header.readUInt32BE(at) : header.readUInt32LE(at));
  let [a, b] = [0, 0];
  for (let at = 0; at < 24; at += 8) {
    a = (a + word(at) + b) >>> 0;
    b = (b + word(at + 4) + a) >>> 0;
  }
  return a === header.readUInt32BE(24) && b === header.readUInt32BE(28);
}

function read(file: number, length: number, at: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, at);
  return bytes;
}
