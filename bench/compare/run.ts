/**
 * `npm run bench`: the service beside what people would use instead, in one run of a few minutes. Prints the table of
 * ratios; a complete run also writes docs/benchmarks/. Needs Linux and a C compiler; what else is missing is left out and said.
 * node dist/bench/compare/run.js [--rounds N] [--only name,…] [--offline] [--write DIR]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { has } from './harness/programs.ts';
import { markdown, type Setting, summary } from './report/markdown.ts';
import type { Group } from './report/row.ts';
import { svg } from './report/svg.ts';
import { tcpReply, udpEcho } from './rows/answers.ts';
import { pages, underFlood } from './rows/api.ts';
import { bursts } from './rows/bursts.ts';
import { cost, readable, readableMany } from './rows/capture.ts';
import { listeners } from './rows/listeners.ts';
import { ruleCost } from './rows/rules.ts';
import { fanOut } from './rows/streams.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    offline: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const groups: Record<string, () => Promise<Group>> = {
  readable: () => readable(rounds),
  'readable-many': () => readableMany(),
  capture: () => cost(rounds),
  'udp-echo': () => udpEcho(rounds),
  'tcp-reply': () => tcpReply(rounds, !options.offline),
  rules: () => ruleCost(rounds),
  api: () => underFlood(rounds),
  pages: () => pages(rounds),
  bursts: () => bursts(rounds),
  listeners: () => listeners(rounds),
  streams: () => fanOut(rounds),
};

await main();
process.exit();

async function main(): Promise<void> {
  if (process.platform !== 'linux' || !has('cc')) {
    console.error('the benchmark needs Linux and a C compiler (cc)');
    process.exitCode = 1;
    return;
  }
  const begun = performance.now();
  const loadBefore = loadavg()[0]!;
  const done = await measured(options.only?.split(',') ?? Object.keys(groups));
  console.log(`\n${summary(done)}\n`);
  const seconds = Math.round((performance.now() - begun) / 1000);
  const directory = options.write ?? (options.only === undefined ? 'docs/benchmarks' : undefined);
  if (directory !== undefined) write(directory, done, setting(seconds, loadBefore));
}

async function measured(names: readonly string[]): Promise<Group[]> {
  const done: Group[] = [];
  for (const name of names) {
    const begun = performance.now();
    try {
      done.push(await groups[name]!());
      console.error(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    } catch (error) {
      console.error(`${name} failed: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  return done;
}

function write(directory: string, done: readonly Group[], where: Setting): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'README.md'), markdown(done, where));
  for (const group of done) writeFileSync(join(directory, `${group.name}.svg`), svg(group));
  console.log(`written to ${directory}/`);
}

function setting(seconds: number, loadBefore: number): Setting {
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`;
  return [
    { title: 'When', value: new Date().toISOString().slice(0, 10) },
    {
      title: 'Machine',
      value: `${availableParallelism()} cores (${cpus()[0]?.model.trim()}), ${memory}, Linux ${release()}`,
    },
    { title: 'Node', value: process.versions.node },
    { title: 'Rounds', value: `${rounds}, in ${seconds} s` },
    {
      title: 'Load average before',
      value: `${loadBefore.toFixed(1)}${loadBefore > 0.7 ? ': other programs were running, and the spread shows it' : ''}`,
    },
  ];
}
