/** The way to a service that runs already. */
import { UnreachableError } from './errors.ts';
import { Http, type HttpOptions } from './http.ts';
import { type Duration, milliseconds } from './query.ts';
import { Service } from './service.ts';

export type ConnectOptions = HttpOptions & {
  /** Keep trying this long, e.g. until a container is up; default: not at all. */
  wait?: Duration;
};

const RETRY_INTERVAL_MS = 100;

/**
 * Connects to a service. Without a URL: `LISTENPOST_URL`, else http://127.0.0.1:8080; without a token:
 * `LISTENPOST_TOKEN`. Rejects with UnreachableError where none answers, and with ProblemError `unauthorized`.
 */
export async function connect(url = fromEnvironment('URL') ?? 'http://127.0.0.1:8080', options: ConnectOptions = {}) {
  const { wait = 0, token = fromEnvironment('TOKEN'), ...rest } = options;
  const http = new Http(url, { ...rest, token });
  const until = performance.now() + milliseconds(wait);
  for (;;) {
    try {
      await http.json('GET', '/v1/info');
      return new Service(http);
    } catch (error) {
      if (!(error instanceof UnreachableError) || performance.now() >= until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
  }
}

/** A variable of the environment, where there is one: browsers have none. */
function fromEnvironment(name: 'URL' | 'TOKEN'): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[`LISTENPOST_${name}`];
}
