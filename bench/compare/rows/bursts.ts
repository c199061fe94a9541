/** Datagrams a second that leave in a burst that was asked for over HTTP. */
import { setTimeout as sleep } from 'node:timers/promises';
import { compiled, launchServer } from '../harness/programs.ts';
import { type Service, startService } from '../harness/service.ts';
import { BUFFER, flood, SIZE } from '../harness/udp.ts';
import { type Group, inTurn, over, type Subject } from '../report/row.ts';

const COUNT = 500_000;

type Send = { id: string; state: string; sent: number; elapsedMs: number };

export async function bursts(rounds: number): Promise<Group> {
  const service = await startService();
  const payload = 'x'.repeat(SIZE);
  const template = `${'x'.repeat(SIZE - 6)}{{n}}`;
  const subjects = [
    { what: 'C, sendmmsg', unit: 'datagrams/s', measure: () => toReceiver(sendmmsg) },
    burst('listenpost, one payload', service, { text: payload }),
    burst('listenpost, a template with {{n}}', service, { text: template, template: true }),
  ];
  for (const { measure } of subjects) await measure();
  const rows = await inTurn(subjects, rounds);
  await service.stop();
  return {
    name: 'bursts',
    title: 'Bursts',
    about: `${COUNT.toLocaleString('en')} datagrams by one POST /v1/sends, beside a C loop around sendmmsg; a C receiver counts.`,
    rows,
    findings: [
      {
        what: 'burst send against a C sendmmsg loop',
        ratios: over(rows[1]!, rows[0]!),
        better: 'higher',
        least: 0.5,
        aim: 0.8,
      },
    ],
    notes: ['Lost means: not sent. What the receiver can not take is not the sender’s.'],
  };
}

/** The receiver only has to be there. */
async function toReceiver<T>(work: (port: number) => Promise<T>): Promise<T> {
  const receiver = await launchServer([compiled('udp-count'), `${2 * COUNT}`, '1000', `${BUFFER}`]);
  try {
    return await work(receiver.port);
  } finally {
    await receiver.stop();
  }
}

async function sendmmsg(port: number) {
  const { sent, ms, cpuUs } = await flood(port, COUNT);
  return { value: sent / (ms / 1e3), cpuUs: cpuUs / sent, lost: 1 - sent / COUNT };
}

function burst(what: string, service: Service, content: object): Subject {
  const send = async (port: number) => {
    const before = service.cpuUs();
    const order = { protocol: 'udp', to: { host: '127.0.0.1', port }, count: COUNT, ...content };
    const { sent, elapsedMs } = await finished(service, await service.call<Send>('POST', '/v1/sends', order));
    return { value: sent / (elapsedMs / 1e3), cpuUs: (service.cpuUs() - before) / sent, lost: 1 - sent / COUNT };
  };
  return { what, unit: 'datagrams/s', measure: () => toReceiver(send) };
}

/** A burst goes on beyond its first answer. */
async function finished(service: Service, { id, state, ...send }: Send): Promise<Omit<Send, 'id' | 'state'>> {
  if (state !== 'running') return send;
  await sleep(20);
  return finished(service, await service.call<Send>('GET', `/v1/sends/${id}`));
}
