/**
 * What one binding incarnation handed over: how many `in` messages, and which seq its recent ordinals became. A worker
 * knows only its own ordinals when it says which message an answer answers.
 */
export type BindingLog = {
  /** `in` messages taken from its chunks, refused ones included. */
  accounted: number;
  /** Runs of ordinals whose seqs are consecutive too, oldest first. */
  runs: OrdinalRun[];
};

/** `end` and `endSeq` are one past the run's last. */
type OrdinalRun = { end: number; endSeq: number; count: number };

/** A binding that shares its listener breaks a run with every chunk; answers older than this many lose their reference. */
const RUNS = 1024;

export function newBindingLog(): BindingLog {
  return { accounted: 0, runs: [] };
}

/** Key of a binding incarnation within its listener. */
export function bindingKey(binding: number, incarnation: number): number {
  return binding * 256 + (incarnation & 0xff);
}

/** Remembers that `count` messages from `ordinal` on became seqs from `seq` on. */
export function noteRun(log: BindingLog, ordinal: number, seq: number, count: number): void {
  const last = log.runs.at(-1);
  if (last !== undefined && last.end === ordinal && last.endSeq === seq) {
    last.end = (ordinal + count) >>> 0;
    last.endSeq += count;
    last.count += count;
    return;
  }
  if (log.runs.length >= RUNS) log.runs.splice(0, RUNS / 2);
  log.runs.push({ end: (ordinal + count) >>> 0, endSeq: seq + count, count });
}

/** The seq that an ordinal (mod 2^32) became, undefined when it is no longer known or was never kept. */
export function seqOfOrdinal(log: BindingLog, ordinal: number): number | undefined {
  for (let i = log.runs.length - 1; i >= 0; i--) {
    const run = log.runs[i]!;
    const back = (run.end - ordinal) >>> 0;
    if (back >= 1 && back <= run.count) return run.endSeq - back;
  }
  return undefined;
}
