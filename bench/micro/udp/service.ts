/** The service itself under test, as a process of its own, with the CPU that the system says it used. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BUFFER, ended } from './peers.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
/** Clock ticks of /proc/PID/stat are a hundredth of a second on every Linux that Node runs on. */
const TICK_US = 10_000;

export type Listener = {
  port: number;
  stats(): Promise<{ received: number; captured: number; dropped: Record<string, number | null>; lastSeq: number }>;
  remove(): Promise<void>;
};
export type Service = {
  /** Microseconds of CPU, all threads, since the process began. */
  cpuUs(): number;
  /** Bytes of resident memory. */
  listen(responder: 'none' | 'echo'): Promise<Listener>;
  stop(): Promise<void>;
};

export async function startService(flags: string[] = []): Promise<Service> {
  const child = spawn(process.execPath, [main, 'serve', '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { value: line } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  const { url } = JSON.parse(String(line)) as { url: string };
  const call = async (method: string, path: string, body?: object) => {
    const json =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(url + path, { method, ...json });
    if (!response.ok) throw new Error(await response.text());
    return response.status === 204 ? null : response.json();
  };
  return {
    cpuUs: () => cpuOf(child.pid!),
    async listen(responder) {
      const spec = { protocol: 'udp', responder: { type: responder }, udp: { receiveBuffer: BUFFER } };
      const { id, address } = (await call('POST', '/v1/listeners', spec)) as { id: string; address: { port: number } };
      return {
        port: address.port,
        stats: async () =>
          ((await call('GET', `/v1/listeners/${id}`)) as { stats: Awaited<ReturnType<Listener['stats']>> }).stats,
        remove: async () => void (await call('DELETE', `/v1/listeners/${id}`)),
      };
    },
    async stop() {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

/** User and system time of all threads of a process. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}
