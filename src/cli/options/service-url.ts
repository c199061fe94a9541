/** Where the service is that a command talks to. */
import { readFileSync } from 'node:fs';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** What a service on all interfaces is reached by from its own machine. */
const OWN: Record<string, string> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]', '::': '::1' };

/** What was given, else where `listenpost serve` is with this environment. */
export function serviceUrl(given: string | undefined): string {
  if (given !== undefined && given !== '') return given;
  const { LISTENPOST_URL_FILE: file, LISTENPOST_HOST: host, LISTENPOST_PORT: port } = process.env;
  const written = file ? urlIn(file) : undefined;
  if (written !== undefined) return written;
  if (!host && !port) return DEFAULT_URL;
  const reachable = OWN[host ?? ''] ?? (host || '127.0.0.1');
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port || 8080}`;
}

/** The URL that the service wrote into its `--url-file`; undefined while it is not ready. */
function urlIn(file: string): string | undefined {
  try {
    const url = new URL(readFileSync(file, 'utf8').trim());
    url.hostname = OWN[url.hostname] ?? url.hostname;
    return url.origin;
  } catch {
    return undefined;
  }
}
