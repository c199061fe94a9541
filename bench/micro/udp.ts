/**
 * UDP beside what people would use instead, in one run: what is to be read are the ratios. Needs a C compiler; Python
 * where it is there. Run compiled: node dist/bench/micro/udp.js [rounds]
 */
import { burstRows } from './udp/burst.ts';
import { type Capture, captureRows } from './udp/capture.ts';
import { echoRows } from './udp/echo.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const FLOOD = 1_000_000;
const PACED = { rate: 100_000, count: 300_000 };
const ECHO_MS = 800;

await capture('Full speed', captureRows(0), FLOOD);
await capture(`${PACED.rate} a second`, captureRows(PACED.rate), PACED.count);
for (const window of [1, 64]) {
  await rates(`Echo, ${window} outstanding`, 'round trips a second', echoRows(), (row) => row.measure(window, ECHO_MS));
}
await rates('Burst', 'datagrams a second', await burstRows(), (row) => row.measure(FLOOD));
process.exit(0);

/** Rounds go over all rows in turn, so that what the machine does besides hits all alike. */
async function inTurn<R, V>(rows: R[], measure: (row: R) => Promise<V>): Promise<V[][]> {
  const values: V[][] = rows.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, row] of rows.entries()) values[i]!.push(await measure(row));
  }
  return values;
}

async function capture(title: string, rows: ReturnType<typeof captureRows>, count: number): Promise<void> {
  const values = await inTurn(rows, (row) => row.measure(count));
  const cpu = values.map((runs) => median(runs.map(({ cpuUs }) => cpuUs)));
  const [c = 0, , dgram = 0] = cpu;
  console.log(`\n${title}, ${count} datagrams of 64 bytes, median of ${ROUNDS}\n`);
  console.log('| receiver | CPU per datagram, µs | spread | against C | against dgram | sent a second | lost |');
  console.log('|---|---|---|---|---|---|---|');
  for (const [i, { what }] of rows.entries()) {
    const runs = values[i]!;
    const cells = [
      what,
      cpu[i]!.toFixed(2),
      spread(runs),
      ratio(cpu[i]!, c),
      ratio(cpu[i]!, dgram),
      sentPerSecond(runs),
      lost(runs),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

async function rates<R extends { what: string }>(
  title: string,
  unit: string,
  rows: R[],
  measure: (row: R) => Promise<number>,
): Promise<void> {
  const values = await inTurn(rows, measure);
  const first = median(values[0]!);
  console.log(`\n${title}, median of ${ROUNDS}\n`);
  console.log(`| what | ${unit} | slowest - fastest | against the first |`);
  console.log('|---|---|---|---|');
  for (const [i, { what }] of rows.entries()) {
    const runs = values[i]!;
    const range = `${Math.round(Math.min(...runs))} - ${Math.round(Math.max(...runs))}`;
    console.log(`| ${what} | ${Math.round(median(runs))} | ${range} | ${ratio(median(runs), first)} |`);
  }
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

function spread(runs: Capture[]): string {
  const all = runs.map(({ cpuUs }) => cpuUs);
  return `${Math.min(...all).toFixed(2)} - ${Math.max(...all).toFixed(2)}`;
}

function sentPerSecond(runs: Capture[]): string {
  return `${Math.round(median(runs.map(({ perSecond }) => perSecond)) / 1000)}k`;
}

function lost(runs: Capture[]): string {
  return `${(median(runs.map((run) => run.lost)) * 100).toFixed(2)} %`;
}

function ratio(value: number, base: number): string {
  return `${(value / base).toFixed(2)} x`;
}
