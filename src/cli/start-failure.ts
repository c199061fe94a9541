/** Why the service could not start, and what to do about it, as one line. */

type ListenError = NodeJS.ErrnoException & { address?: string; port?: number };

/** Where programs may listen without a privilege. */
const FIRST_FREE = 1024;
const USUAL_PORT = 8080;
const LARGEST_PORT = 65_535;

/** Of an error that `start` rejected with. Errors that are no fault of the address say for themselves what is wrong. */
export function startFailure(error: Error, { host, port }: { host: string; port: number }): string {
  const { code = '', syscall = '' } = error as ListenError;
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (syscall === 'getaddrinfo') return `host name ${host} can't be resolved (${code}); try --host 127.0.0.1`;
  if (syscall !== 'listen') return error.message;
  return REASONS[code]?.(where, port) ?? error.message;
}

const REASONS: Record<string, (where: string, port: number) => string> = {
  EADDRINUSE: (where, port) =>
    `${where} is in use by another program (EADDRINUSE); take another port: ${serveWith(otherThan(port))} (or LISTENPOST_PORT; --port 0 takes any free one)`,
  EACCES: (where, port) =>
    port < FIRST_FREE
      ? `${where} may not be bound (EACCES): ports below ${FIRST_FREE} need root or CAP_NET_BIND_SERVICE; take another port: ${serveWith(USUAL_PORT)}`
      : `${where} may not be bound (EACCES): the system denies it; take another port: ${serveWith(otherThan(port))}`,
  EADDRNOTAVAIL: (where) => `${where} is not an address of this machine (EADDRNOTAVAIL); try --host 127.0.0.1`,
};

/** How whoever started it starts it: `npm start` passes flags on only after a `--`. */
function serveWith(port: number): string {
  const byNpm = process.env.npm_lifecycle_event === 'start';
  return `${byNpm ? 'npm start --' : 'listenpost serve'} --port ${port}`;
}

function otherThan(port: number): number {
  return port < LARGEST_PORT ? port + 1 : USUAL_PORT;
}
