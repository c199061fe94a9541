/** What a plain client, written in Python, meets at a port; and what a stranger meets who tries to take it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** `what` is an errno name, `timeout` of connect, `silence` after it, `end` or the text that came back. */
export type Met = { what: string; seconds: number };

const CLIENT = `
import errno, json, socket, sys, time

kind, host, port, patience = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
family = socket.AF_INET6 if ':' in host else socket.AF_INET
client = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
client.settimeout(patience)
began = time.monotonic()
what = 'timeout'
try:
    client.connect((host, port))
    what = 'silence'
    client.sendall(b'hello')
    what = client.recv(100).decode() or 'end'
except TimeoutError:
    pass
except OSError as error:
    what = errno.errorcode[error.errno]
print(json.dumps({'what': what, 'seconds': time.monotonic() - began}))
`;

const STRANGER = `
import errno, itertools, json, socket, sys

kind, port, hosts = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
met = []
for host, reuse_address, reuse_port in itertools.product(hosts, (0, 1), (0, 1)):
    stranger = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse_address)
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuse_port)
    try:
        stranger.bind((host, port))
        if kind == 'tcp':
            stranger.listen()
        met.append(f'took {host} {reuse_address} {reuse_port}')
    except OSError as error:
        met.append(errno.errorcode[error.errno])
    stranger.close()
print(json.dumps(sorted(set(met))))
`;

/** Connects, says hello and reads once. @param patience seconds that connect and read may take each */
export async function plainClient(
  kind: 'tcp' | 'udp',
  port: number,
  { host = '127.0.0.1', patience = 10 } = {},
): Promise<Met> {
  return JSON.parse(await python(CLIENT, kind, host, port, patience)) as Met;
}

/** What several clients meet, one after the other; all must meet the same. The fastest tells how long it takes. */
export async function plainClients(kind: 'tcp' | 'udp', port: number): Promise<Met> {
  const met = [await plainClient(kind, port), await plainClient(kind, port), await plainClient(kind, port)];
  const whats = new Set(met.map(({ what }) => what));
  return { what: [...whats].join(' '), seconds: Math.min(...met.map(({ seconds }) => seconds)) };
}

/** What binding and listening at the port comes to, with and without SO_REUSEADDR and SO_REUSEPORT: each answer once. */
export async function stranger(kind: 'tcp' | 'udp', port: number, ...hosts: string[]): Promise<string[]> {
  const places = hosts.length === 0 ? ['127.0.0.1', '0.0.0.0'] : hosts;
  return JSON.parse(await python(STRANGER, kind, port, ...places)) as string[];
}

async function python(script: string, ...args: (string | number)[]): Promise<string> {
  const { stdout } = await promisify(execFile)('python3', ['-c', script, ...args.map(String)]);
  return stdout;
}
