/** What an idle listener costs: memory, and the time of one more when there are many. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, startService } from '../harness/service.ts';
import type { Group } from '../report/row.ts';
import { median } from '../report/stats.ts';

/** Listeners a step; the first step warms up and is not counted. */
const STEP = 600;
/** Bytes that resident memory may move by and still count as settled. */
const STILL = 256 * 1024;

export async function listeners(rounds: number): Promise<Group> {
  const service = await startService();
  const memory: number[] = [];
  const times: number[] = [];
  for (let step = 0; step <= rounds; step++) {
    const before = await settled(service);
    const took: number[] = [];
    for (let n = 0; n < STEP; n++) {
      const begun = performance.now();
      await service.listen({ protocol: 'udp' });
      took.push(performance.now() - begun);
    }
    if (step === 0) continue;
    memory.push(((await settled(service)) - before) / STEP / 1024);
    times.push(median(took));
  }
  await service.stop();
  const first = times[0]!;
  const count = ((rounds + 1) * STEP).toLocaleString('en');
  return {
    name: 'listeners',
    title: 'Idle listeners',
    about: `${count} UDP listeners, created one after the other, in steps of ${STEP}; resident memory and the median time of a create, step by step.`,
    rows: [
      { what: 'listenpost, memory an idle UDP listener', unit: 'KiB', values: memory },
      { what: 'listenpost, one create', unit: 'ms', values: times },
    ],
    findings: [
      {
        what: 'memory an idle UDP listener beyond the kernel’s, KiB',
        ratios: memory,
        better: 'lower',
        least: 32,
        aim: 8,
      },
    ],
    notes: [
      `Create at ${count} listeners against ${(2 * STEP).toLocaleString('en')}: ${(times.at(-1)! / first).toFixed(2)} x.`,
      'Resident memory is read once it has stopped moving. It still holds garbage of the creates, which Node collects when it needs the room; what the kernel keeps for a socket is not in it.',
    ],
  };
}

/** Bytes of resident memory, once they have not changed for a second, or after ten. */
async function settled(service: Service): Promise<number> {
  const deadline = performance.now() + 10_000;
  let bytes = service.residentBytes();
  for (
    let since = performance.now();
    performance.now() - since < 1000 && performance.now() < deadline;
    await sleep(50)
  ) {
    const now = service.residentBytes();
    if (Math.abs(now - bytes) < STILL) continue;
    bytes = now;
    since = performance.now();
  }
  return bytes;
}
