import t from 'tap';
import { bindProblem } from '../../../../src/listeners/sockets/os-problems.ts';

t.setTimeout(120_000);

const failed = (code: string, port: number) =>
  bindProblem(Object.assign(new Error(code), { code }), { protocol: 'tcp', host: '127.0.0.1', port, ipv6Only: false });

t.test('a bind that failed says what to do next', async (t) => {
  t.match(failed('EADDRINUSE', 2323), { code: 'port_in_use', message: /EADDRINUSE.*take another port, or 0/ });
  const privileged = /port 80 may not be bound.*ports below 1024 need root or CAP_NET_BIND_SERVICE: take one from 1024/;
  t.match(failed('EACCES', 80), { code: 'permission_denied', message: privileged });
  t.notMatch(failed('EACCES', 2323).message, /1024/);
  t.match(failed('EADDRNOTAVAIL', 0), { code: 'unprocessable', message: /e\.g\. 127\.0\.0\.1/ });
});
