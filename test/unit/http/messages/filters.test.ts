import t, { type Test } from 'tap';
import { ProblemError } from '../../../../src/errors.ts';
import { commaList, duration, labelPairs, messageFilter } from '../../../../src/http/messages/filters.ts';
import { addressText } from '../../../../src/net/address.ts';

const remoteOf = (remote: string) => {
  const { bytes, ...rest } = messageFilter({ remote }).remote!;
  return { address: addressText(bytes), ...rest };
};

t.test('remote is an address, address:port, [v6]:port or CIDR', async (t) => {
  t.same(remoteOf('127.0.0.1'), { address: '127.0.0.1', prefix: 128 });
  t.same(remoteOf('127.0.0.1:80'), { address: '127.0.0.1', prefix: 128, port: 80 });
  t.same(remoteOf('::1'), { address: '::1', prefix: 128 });
  t.same(remoteOf('[::1]'), { address: '::1', prefix: 128 });
  t.same(remoteOf('[::1]:80'), { address: '::1', prefix: 128, port: 80 });
  t.same(remoteOf('10.0.0.0/8'), { address: '10.0.0.0', prefix: 104 });
  t.same(remoteOf('fd00::/8'), { address: 'fd00::', prefix: 8 });
  t.same(remoteOf('::ffff:127.0.0.1'), { address: '127.0.0.1', prefix: 128 });
  for (const wrong of [
    'host',
    '1.2.3',
    '10.0.0.0/33',
    'fd00::/129',
    '127.0.0.1:65536',
    '127.0.0.1:',
    '[::1',
    ':80',
    '[127]',
  ]) {
    refuses(t, () => messageFilter({ remote: wrong }), 'remote');
  }
});

t.test('moments become microseconds', async (t) => {
  const since = (text: string) => messageFilter({ since: text }).since;
  t.equal(since('1970-01-01T00:00:01Z'), 1_000_000);
  t.equal(since('1970-01-01T00:00:00.000001Z'), 1);
  t.equal(since('1970-01-01t00:00:00.1234567z'), 123_456);
  t.equal(since('1970-01-01T01:00:00.5+01:00'), 500_000);
  t.equal(messageFilter({ until: '1970-01-01 00:00:01Z' }).until, 1_000_000);
  for (const wrong of ['yesterday', '1970-01-01', '1970-01-01T00:00:00', '1970-13-01T00:00:00Z', '1']) {
    refuses(t, () => messageFilter({ until: wrong }), 'until');
  }
});

t.test('sizes, connections, bytes, JSON and kinds', async (t) => {
  t.match(messageFilter({ minSize: '12', maxSize: '1KiB' }), { minSize: 12, maxSize: 1024 });
  refuses(t, () => messageFilter({ minSize: '1.5' }), 'minSize');
  refuses(t, () => messageFilter({ maxSize: 'big' }), 'maxSize');
  t.equal(messageFilter({ connection: 'c_a' }).connection, 10);
  refuses(t, () => messageFilter({ connection: '10' }), 'connection');
  t.equal(messageFilter({ hex: '0xAB ?? cd' }).hex, 'ab??cd');
  for (const wrong of ['a', 'zz', '', '?a']) refuses(t, () => messageFilter({ hex: wrong }), 'hex');
  t.same(messageFilter({ json: '/a/b=7' }).json, { pointer: '/a/b', text: '7' });
  t.same(messageFilter({ json: '/a=x=y' }).json, { pointer: '/a', text: '"x=y"' });
  t.same(messageFilter({ json: '="whole"' }).json, { pointer: '', text: '"whole"' });
  refuses(t, () => messageFilter({ json: '/a' }), 'json');
  refuses(t, () => messageFilter({ json: 'a=1' }), 'json');
  t.equal(messageFilter({}).kinds, 0b1);
  t.equal(messageFilter({}, ['message', 'gap']).kinds, 0b101);
  t.equal(messageFilter({ kind: 'connection, problem' }, ['message']).kinds, 0b100010);
  t.equal(messageFilter({}, []).kinds, 0);
  refuses(t, () => messageFilter({ kind: 'packet' }), 'kind');
});

t.test('what is taken as it stands', async (t) => {
  const given = { direction: 'in', text: 'a,b', regex: '^a', thread: 'shared-1', rule: 'login' } as const;
  t.match(messageFilter(given), given);
});

t.test('lists, labels, durations', async (t) => {
  t.same(commaList(' a, b,,'), ['a', 'b']);
  t.equal(commaList(','), undefined);
  t.same(labelPairs(['a:b:c', 'd:']), [
    ['a', 'b:c'],
    ['d', ''],
  ]);
  refuses(t, () => labelPairs([':x']), 'label');
  t.equal(duration('for', '1.5s'), 1500);
  t.equal(duration('for', '250'), 250);
  refuses(t, () => duration('for', 'soon'), 'for');
});

function refuses(t: Test, action: () => unknown, parameter: string): void {
  try {
    action();
    t.fail(`${parameter} was taken`);
  } catch (error) {
    t.ok(error instanceof ProblemError);
    t.match(error, { code: 'validation_failed', errors: [{ in: 'query', pointer: parameter }] });
  }
}
