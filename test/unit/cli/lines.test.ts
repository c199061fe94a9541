/** Records as lines. */
import t from 'tap';
import { endpoint, messageLine, recordLine } from '../../../src/cli/show/lines.ts';
import { Message, type RecordView } from '../../../src/client/index.ts';

const AT = '2026-03-01T09:30:00.123456Z';
const remote = { address: '::1', port: 9 };
const message: RecordView = {
  listenerId: 'l_1',
  kind: 'message',
  seq: 7,
  direction: 'in',
  at: AT,
  remote,
  size: 4,
  text: 'Hola',
};

t.test('a message', async (t) => {
  t.equal(messageLine(new Message(message), {}), '09:30:00.123 #7 in  [::1]:9 Hola');
  t.equal(recordLine(message, { listener: 'a', hex: true }), '09:30:00.123 a#7 in  [::1]:9 48 6f 6c 61');
  const cut = messageLine(new Message({ ...message, direction: 'out' }), { most: 2 });
  t.equal(cut, '09:30:00.123 #7 out [::1]:9 Ho … (4 bytes)');
  t.equal(endpoint({ address: '127.0.0.1', port: 1 }), '127.0.0.1:1');
});

t.test('other records', async (t) => {
  const record = (rest: Partial<RecordView>) => ({ listenerId: 'l_1', at: AT, ...rest }) as RecordView;
  const cases: [Partial<RecordView>, string][] = [
    [{ kind: 'gap', afterSeq: 7, dropped: 1, reason: 'kernel' }, '09:30:00.123 a#7+ gap 1 message missing: kernel'],
    [{ kind: 'gap', afterSeq: 7, dropped: 2, reason: 'evicted' }, '09:30:00.123 a#7+ gap 2 messages missing: evicted'],
    [{ kind: 'connection', connectionId: 'c_1', phase: 'closed' }, '09:30:00.123 a connection c_1 closed'],
    [{ kind: 'connection', phase: 'refused', remote }, '09:30:00.123 a connection refused [::1]:9'],
    [
      { kind: 'connection', connectionId: 'c_1', phase: 'closed', reason: 'idle', mode: 'fin', remote },
      '09:30:00.123 a connection c_1 closed [::1]:9 (idle, fin)',
    ],
    [
      { kind: 'connection', connectionId: 'c_1', phase: 'opened', remote },
      '09:30:00.123 a connection c_1 opened [::1]:9',
    ],
  ];
  for (const [rest, line] of cases) t.equal(recordLine(record(rest), { listener: 'a' }), line);
  const problem = record({ kind: 'problem' });
  t.equal(recordLine(problem, {}), `09:30:00.123 problem ${JSON.stringify(problem)}`, 'unknown ones as they are');
});
