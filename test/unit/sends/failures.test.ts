import { constants } from 'node:os';
import t from 'tap';
import { ProblemError } from '../../../src/errors.ts';
import { failureCode, impossibility } from '../../../src/sends/failures.ts';
import type { SendOrder } from '../../../src/workers/protocol.ts';

t.setTimeout(120_000);

const order: SendOrder = {
  id: 's_0000000001',
  protocol: 'udp',
  to: { host: '127.0.0.1', port: 9 },
  local: null,
  parts: [],
  count: 1,
  interval: 0,
  duration: null,
  expectReply: null,
};

t.test('no errno name is ever the code of a send', async (t) => {
  for (const errno of Object.keys(constants.errno)) t.match(failureCode(errno), /^[a-z_]+$/, errno);
  t.equal(failureCode('no_reply'), 'no_reply');
});

t.test('what the local side lacks is a refusal, with the place that it is about', async (t) => {
  const refusal = (code: string, message: string, local: SendOrder['local'] = null) => {
    const error = impossibility({ ...order, local }, { error: { code, message }, sent: 0 });
    return error instanceof ProblemError ? `${error.code}: ${error.message}` : error;
  };
  t.match(refusal('EMFILE', 'socket EMFILE'), /^limit_reached: sending udp to 127.0.0.1:9 needs a file descriptor/);
  t.match(refusal('EADDRNOTAVAIL', 'connect EADDRNOTAVAIL'), /^limit_reached: .* local port/);
  const local = { host: '127.0.0.1', port: 80 };
  t.match(refusal('EACCES', 'bind EACCES 127.0.0.1:80', local), /^permission_denied: udp 127.0.0.1 port 80/);
  t.match(refusal('EACCES', 'connect EACCES', local), /^permission_denied: sending udp to 127.0.0.1:9/);
  t.match(refusal('EADDRINUSE', 'bind EADDRINUSE', local), /^port_in_use: udp 127.0.0.1 port 80/);
  t.equal(refusal('ECONNREFUSED', 'connect ECONNREFUSED'), null, 'the network says so');
  t.equal(impossibility(order, { error: { code: 'EMFILE', message: '' }, sent: 1 }), null, 'something left');
});
