/** Datagrams a second that leave in a burst, from a throw-away socket. */

import { whyNotNative } from '../../../src/runtime/native/selftest.ts';
import { Transmissions } from '../../../src/runtime/transmit/transmissions.ts';
import { flood, peer, start } from './peers.ts';

export type BurstRow = { what: string; measure(count: number): Promise<number> };

/** The receiver only has to be there: what it can't take is not the sender's cost. */
export async function burstRows(): Promise<BurstRow[]> {
  const sender = peer('udp-send');
  const counter = peer('udp-count');
  whyNotNative();
  const receiver = (count: number) => start([counter, `${count}`, '1000', `${64 * 1024 * 1024}`]);
  return [
    {
      what: 'C, sendmmsg',
      async measure(count) {
        const { port, stop } = await receiver(count);
        const { ms } = await flood(sender, { port, count });
        stop();
        return count / (ms / 1e3);
      },
    },
    burst('our burst, one payload', receiver, 'x'.repeat(64), false),
    burst('our burst, a template with {{n}}', receiver, `number {{n}}${' '.repeat(50)}`, true),
  ];
}

function burst(
  what: string,
  receiver: (count: number) => ReturnType<typeof start>,
  text: string,
  template: boolean,
): BurstRow {
  return {
    what,
    async measure(count) {
      const { port, stop } = await receiver(count);
      const transmissions = new Transmissions({ thread: 'bench', report: () => {} });
      const begun = performance.now();
      const { sent } = await transmissions.send({
        id: 's_1',
        protocol: 'udp',
        to: { host: '127.0.0.1', port },
        local: null,
        parts: [{ payload: Buffer.from(text), template }],
        count,
        interval: 0,
        duration: null,
        expectReply: null,
      });
      const ms = performance.now() - begun;
      stop();
      return sent / (ms / 1e3);
    },
  };
}
