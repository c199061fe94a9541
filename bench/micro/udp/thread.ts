/**
 * The threads of a receiver under test: `read` is a worker thread of the service cut down to one UDP binding, `sink`
 * stands for the journal: it takes chunks, counts and gives the credit back at once.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ChunkReader, H } from '../../../src/records/chunk.ts';
import { CreditedLink } from '../../../src/runtime/chunk-link.ts';
import { BindingCounters } from '../../../src/runtime/counters.ts';
import { BindingRecorder } from '../../../src/runtime/recorder.ts';
import { openDgram } from '../../../src/runtime/transports/udp/dgram.ts';
import { openMmsg } from '../../../src/runtime/transports/udp/mmsg.ts';
import type { PollerAccess, UdpSpec } from '../../../src/workers/protocol.ts';

export type ReadStart = {
  role: 'read';
  port: MessagePort;
  spec: UdpSpec;
  fd: number | null;
  poller: PollerAccess | null;
  counters: SharedArrayBuffer;
};
export type SinkStart = { role: 'sink'; port: MessagePort };
export type SinkCount = { chunks: number; bytes: number; messages: number; dropped: number };

const start = workerData as ReadStart | SinkStart;
if (start.role === 'sink') sink(start.port);
else await read(start);

function sink(port: MessagePort): void {
  const count: SinkCount = { chunks: 0, bytes: 0, messages: 0, dropped: 0 };
  port.on('message', (bytes: Uint8Array) => {
    const chunk = new ChunkReader(bytes);
    count.chunks++;
    count.bytes += bytes.length;
    count.messages += chunk.messages;
    count.dropped += chunk.view.getUint32(H.dropped, true);
    port.postMessage(bytes.length);
  });
  parentPort!.on('message', () => parentPort!.postMessage(count));
}

async function read({ port, spec, fd, poller, counters: memory }: ReadStart): Promise<void> {
  const counters = new BindingCounters(memory, 0);
  const journal = new CreditedLink(port, 16 * 1024 * 1024);
  const origin = { listener: 1, node: 0, thread: 1, binding: 0, incarnation: 0 };
  const recorder = new BindingRecorder({ origin, port: journal, counters, openedAt: spec.openedAt });
  const open = fd === null ? openDgram : openMmsg;
  const binding = await open(spec, {
    threadName: 'bench-1',
    counters,
    recorder,
    attachment: fd === null ? null : { fd, droppedBefore: 0, poller: poller! },
    ownPorts: new Uint8Array(65_536),
    exhausted: () => {},
    failed: (error) => console.error(error),
    problem: (error) => console.error(error),
    internalError: (error) => console.error(error),
  });
  parentPort!.on('message', async (what: 'flush' | 'close') => {
    await (what === 'flush' ? binding.flush() : binding.close('fin', 0));
    parentPort!.postMessage(what);
  });
  parentPort!.postMessage(binding.address.port);
}
