/** Why a connection was closed, and how: what is noted first counts, and the words of a binding's close reach its records. */
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { CloseCause } from '../../../../src/runtime/transports/tcp/close-cause.ts';
import { CLOSE_REASONS } from '../../../../src/schemas/records.ts';
import { Rig, until } from '../../workers/rig.ts';

const failure = (code: string) => Object.assign(new Error(code), { code });

t.test('without a word of ours it was the peer, or an error', async (t) => {
  t.same(new CloseCause().closing(null), { reason: 'peerFin', reset: false });
  for (const code of ['ECONNRESET', 'EPIPE'])
    t.same(new CloseCause().closing(failure(code)), { reason: 'peerRst', reset: true });
  t.same(new CloseCause().closing(failure('ETIMEDOUT')), { reason: 'error', reset: false, detail: 'ETIMEDOUT' });
});

t.test('the first cause counts, and a reset after a FIN is told', async (t) => {
  const cause = new CloseCause();
  cause.note('idle', 'fin');
  t.same(cause.closing(failure('ECONNRESET')), { reason: 'idle', reset: false }, 'the peer only answered');
  cause.note('deleted', 'rst');
  t.same(cause.closing(null), { reason: 'idle', reset: true });
  cause.note('deleted', 'fin');
  t.same(cause.closing(null), { reason: 'idle', reset: true });
  const ours = new CloseCause();
  ours.note('error', 'rst', 'internal');
  ours.note('error', 'rst');
  t.same(ours.closing(null), { reason: 'error', reset: true, detail: 'internal' });
});

for (const mode of ['fin', 'rst'] as const) {
  t.test(`every reason for which a listener closes is in the records, by ${mode}`, async (t) => {
    const rig = await Rig.start(t);
    for (const reason of CLOSE_REASONS) {
      const listener = await rig.open({ protocol: 'tcp' });
      const socket = connect(listener.address.port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      await until(() => listener.count('connectionsOpen') === 1, 'open');
      await listener.close(mode, 0, reason);
      await until(() => listener.records.length === 2, 'both records');
      const [, record] = listener.records;
      t.match(record, { kind: 'connection', direction: 1, closed: reason, isReset: mode === 'rst' });
      socket.destroy();
    }
  });
}

t.test('a peer that resets', async (t) => {
  const listener = await (await Rig.start(t)).open({ protocol: 'tcp' });
  const socket = connect(listener.address.port, '127.0.0.1');
  await once(socket, 'connect');
  await until(() => listener.count('connectionsOpen') === 1, 'open');
  socket.resetAndDestroy();
  await until(() => listener.count('connectionsOpen') === 0, 'gone');
  await listener.flush();
  t.match(listener.records[1], { closed: 'peerRst', isReset: true });
});
