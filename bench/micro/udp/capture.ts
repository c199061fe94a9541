/** What it costs to receive a flood from a C sendmmsg sender, and how much of it is lost. */
import { BUFFER, dgramPeer, flood, has, peer, pythonPeer, start } from './peers.ts';
import { startService } from './service.ts';
import { startSubject } from './subject.ts';

export type Capture = { received: number; perSecond: number; cpuUs: number; lost: number };
export type CaptureRow = { what: string; measure(count: number): Promise<Capture> };

/** All receivers of the comparison; those that this machine lacks are left out. */
export function captureRows(rate: number): CaptureRow[] {
  const sender = peer('udp-send');
  const counter = peer('udp-count');
  const program = (what: string, command: (count: number) => string[]): CaptureRow => ({
    what,
    measure: (count) => outside(command(count), { sender, count, rate }),
  });
  return [
    program('C, recvmmsg, blocking, only counts', (count) => [counter, `${count}`, '0', `${BUFFER}`]),
    program('C, recvmmsg, 1 ms naps, only counts', (count) => [counter, `${count}`, '1000', `${BUFFER}`]),
    program('node:dgram, only counts', (count) => [...dgramPeer, 'count', `${count}`, `${BUFFER}`]),
    ...(has('python3')
      ? [program('Python socketserver, only counts', (count) => [...pythonPeer, 'count', `${count}`, `${BUFFER}`])]
      : []),
    {
      what: 'our native engine alone, chunks to a thread',
      measure: (count) => engine('mmsg', { sender, count, rate }),
    },
    { what: 'listenpost, native engine, journal in memory', measure: (count) => service([], { sender, count, rate }) },
    { what: 'listenpost --engine dgram', measure: (count) => service(['--engine', 'dgram'], { sender, count, rate }) },
  ];
}

type Load = { sender: string; count: number; rate: number };

async function outside(command: string[], { sender, count, rate }: Load): Promise<Capture> {
  const receiver = await start(command);
  const sent = await flood(sender, { port: receiver.port, count, rate });
  const { received, cpuUs } = await receiver.ended();
  receiver.stop();
  return { received, perSecond: sent.sent / (sent.ms / 1e3), cpuUs: cpuUs / received, lost: 1 - received / count };
}

async function engine(kind: 'mmsg' | 'dgram', { sender, count, rate }: Load): Promise<Capture> {
  const subject = await startSubject(kind, { type: 'none' });
  const before = process.cpuUsage();
  const sent = await flood(sender, { port: subject.port, count, rate });
  const { messages } = await subject.captured();
  const { user, system } = process.cpuUsage(before);
  await subject.stop();
  return {
    received: messages,
    perSecond: sent.sent / (sent.ms / 1e3),
    cpuUs: (user + system) / messages,
    lost: 1 - messages / count,
  };
}

async function service(flags: string[], { sender, count, rate }: Load): Promise<Capture> {
  const process = await startService(flags);
  try {
    const listener = await process.listen('none');
    const before = process.cpuUs();
    const sent = await flood(sender, { port: listener.port, count, rate });
    const { captured } = await listener.stats();
    const cpuUs = (process.cpuUs() - before) / captured;
    return { received: captured, perSecond: sent.sent / (sent.ms / 1e3), cpuUs, lost: 1 - captured / count };
  } finally {
    await process.stop();
  }
}
