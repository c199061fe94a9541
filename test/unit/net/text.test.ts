import t from 'tap';
import { addressUrl, rfc3339 } from '../../../src/net/text.ts';

t.test('moments have microseconds', async (t) => {
  t.equal(rfc3339(0), '1970-01-01T00:00:00.000000Z');
  t.equal(rfc3339(1_763_800_000_123_456), '2025-11-22T08:26:40.123456Z');
});

t.test('addresses are URLs; a wildcard shows the advertised host', async (t) => {
  t.equal(addressUrl('udp', { host: '127.0.0.1', port: 5 }, 'box'), 'udp://127.0.0.1:5');
  t.equal(addressUrl('tcp', { host: '::1', port: 5 }, null), 'tcp://[::1]:5');
  t.equal(addressUrl('udp', { host: '0.0.0.0', port: 5 }, 'box'), 'udp://box:5');
  t.equal(addressUrl('udp', { host: '::', port: 5 }, null), 'udp://[::]:5');
});
