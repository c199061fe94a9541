/** Round trips a second with an echo: who answers a closed loop fastest. */
import { dgramPeer, has, peer, ping, pythonPeer, start } from './peers.ts';
import { startService } from './service.ts';

export type EchoRow = { what: string; measure(window: number, ms: number): Promise<number> };

export function echoRows(): EchoRow[] {
  const pinger = peer('udp-ping');
  const program = (what: string, command: string[]): EchoRow => ({
    what,
    async measure(window, ms) {
      const receiver = await start(command);
      const { trips, ms: took } = await ping(pinger, { port: receiver.port, window, ms });
      receiver.stop();
      return trips / (took / 1e3);
    },
  });
  const service = (what: string, flags: string[]): EchoRow => ({
    what,
    async measure(window, ms) {
      const process = await startService(flags);
      try {
        const { port } = await process.listen('echo');
        await ping(pinger, { port, window, ms: ms / 4 });
        const { trips, ms: took } = await ping(pinger, { port, window, ms });
        return trips / (took / 1e3);
      } finally {
        await process.stop();
      }
    },
  });
  return [
    program('node:dgram, echo only', [...dgramPeer, 'echo']),
    ...(has('python3') ? [program('Python socketserver, echo only', [...pythonPeer, 'echo'])] : []),
    service('listenpost, native engine, echo and capture', []),
    service('listenpost --engine dgram, echo and capture', ['--engine', 'dgram']),
  ];
}
