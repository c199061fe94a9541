/** What a group of measurements hands to the report. Every list has one entry a round, in the order of the rounds. */

export type Row = {
  what: string;
  unit: string;
  values: number[];
  /** Microseconds of CPU a message, whole process, by the accounting of the system. */
  cpuUs?: number[];
  /** Share that did not arrive, 0 to 1. */
  lost?: number[];
};

/** One line of the summary: a ratio, and what it should be. */
export type Finding = {
  what: string;
  ratios: number[];
  better: 'higher' | 'lower';
  /** What is good enough, and what is aimed at. */
  least: number;
  aim: number;
  /** By the median, unless not a single round may fall short. */
  judged?: 'worst';
  /** Digits that count, 3 by default; a share of 99.97 % is not all. */
  digits?: number;
};

export type Group = {
  /** Also the name of its plot. */
  name: string;
  title: string;
  /** What was done, in a sentence or two. */
  about: string;
  rows: Row[];
  findings: Finding[];
  /** What was left out and why, and what else the reader should know. */
  notes: string[];
};

export type Sample = { value: number; cpuUs?: number; lost?: number };

/** Something that is measured once a round. */
export type Subject = { what: string; unit: string; measure(): Promise<Sample> };

/** Rounds go over all subjects in turn, so that what the machine does besides hits all alike. */
export async function inTurn(subjects: readonly Subject[], rounds: number): Promise<Row[]> {
  const samples: Sample[][] = subjects.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, subject] of subjects.entries()) samples[i]!.push(await subject.measure());
  }
  return subjects.map(({ what, unit }, i) => rowOf({ what, unit }, samples[i]!));
}

function rowOf({ what, unit }: { what: string; unit: string }, samples: Sample[]): Row {
  const row: Row = { what, unit, values: samples.map(({ value }) => value) };
  if (samples.every(({ cpuUs }) => cpuUs !== undefined)) row.cpuUs = samples.map(({ cpuUs }) => cpuUs!);
  if (samples.every(({ lost }) => lost !== undefined)) row.lost = samples.map(({ lost }) => lost!);
  return row;
}

/** Round by round, one row's values over another's. */
export function over(row: Row, base: Row, of: 'values' | 'cpuUs' = 'values'): number[] {
  return row[of]!.map((value, round) => value / base[of]![round]!);
}
