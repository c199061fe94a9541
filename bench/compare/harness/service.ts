/** The service itself, as the process that users start, spoken to over HTTP. */
import { fileURLToPath } from 'node:url';
import { launch, type Program } from './programs.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

export type Stats = { captured: number; dropped: Record<string, number | null>; receiveBuffer: unknown };
export type Service = Program & {
  readonly url: string;
  /** Sends JSON, answers JSON. Throws what the service says of an error. */
  call<T>(method: string, path: string, body?: object): Promise<T>;
  listen(spec: object): Promise<{ id: string; port: number }>;
  /** What the listener has by now, everything sent before included. */
  stats(id: string): Promise<Stats>;
};

/** @param program the compiled command line of another build; this one's own without it */
export async function startService(flags: readonly string[] = [], build = main): Promise<Service> {
  const command = [process.execPath, build, 'serve', '--port', '0', '--log-level', 'info', ...flags];
  const program = launch(command);
  const { url } = JSON.parse((await program.line()) ?? '{}') as { url?: string };
  if (url === undefined) throw new Error(`the service did not start: ${command.join(' ')}`);
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(url + path, { method, ...jsonOf(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  return {
    ...program,
    url,
    call,
    async listen(spec) {
      const made = await call<{ id: string; address: { port: number } }>('POST', '/v1/listeners', spec);
      return { id: made.id, port: made.address.port };
    },
    stats: async (id) => (await call<{ stats: Stats }>('GET', `/v1/listeners/${id}`)).stats,
  };
}

/** All that was dropped and counted. */
export function droppedOf({ dropped }: Stats): number {
  return Object.values(dropped).reduce<number>((sum, n) => sum + (n ?? 0), 0);
}

function jsonOf(body: object | undefined): RequestInit {
  if (body === undefined) return {};
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
