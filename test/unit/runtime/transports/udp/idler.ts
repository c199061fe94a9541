/** A process whose threads wait for datagrams that keep coming; it exits without closing anything. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { ReceiveArena } from '../../../../../src/runtime/native/arena.ts';
import { loadLibc } from '../../../../../src/runtime/native/libc.ts';
import { ReadinessWaiter, sharedPoller } from '../../../../../src/runtime/native/poller.ts';
import { openUdpSocket } from '../../../../../src/runtime/native/sockets.ts';
import type { PollerAccess } from '../../../../../src/workers/protocol.ts';
import { Flood } from './flood.ts';

const loopback = { host: '127.0.0.1', port: 0, ipv6Only: false, receiveBuffer: 4096, binding: 0, bindings: 1 };

if (isMainThread) await main();
else wait(workerData);

async function main(): Promise<void> {
  const sockets = Array.from({ length: 4 }, () => openUdpSocket(loopback));
  const { access } = sharedPoller();
  const workers = sockets.map(
    ({ fd }) => new Worker(new URL(import.meta.url), { workerData: { fd, access }, execArgv: [] }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  for (const { address } of sockets) new Flood(address).send(10);
  console.log('exiting');
  process.exit(0);
}

function wait({ fd, access }: { fd: number; access: PollerAccess }): void {
  const libc = loadLibc();
  const arena = new ReceiveArena(libc, 1);
  const waiter = new ReadinessWaiter(libc, fd, access, () => {
    arena.receive(fd);
    waiter.arm();
  });
  waiter.arm();
  parentPort!.on('message', () => {});
  parentPort!.postMessage('waiting');
}
