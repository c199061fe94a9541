import t from 'tap';
import { patchedSpec } from '../../../src/listeners/changes.ts';
import { captureLimits, differences, fillSpec, fixedSpec, sameSpec } from '../../../src/listeners/spec.ts';
import type { ListenerSpec } from '../../../src/schemas/listener.ts';

t.setTimeout(120_000);

t.test('defaults are filled in, sections only of the own protocol', async (t) => {
  const udp = fillSpec({ protocol: 'udp' });
  t.match(udp, { host: '127.0.0.1', port: 0, threads: 1, pool: 'shared', responder: { type: 'none' } });
  t.match(udp.udp, { receiveBuffer: '8MiB', ipv6Only: false });
  t.notOk('tcp' in udp);
  const tcp = fillSpec({ protocol: 'tcp', tcp: { framing: { type: 'line' } } });
  t.match(tcp.tcp, { backlog: 511, idleTimeout: '5m', framing: { type: 'line', maxFrame: 65_536 } });
  t.notOk('udp' in tcp);
  t.same(fillSpec({ protocol: 'udp', responder: { type: 'upper' } }).responder, { type: 'upper', strip: true });
});

t.test('filling a filled spec changes nothing', async (t) => {
  const full = fillSpec({ protocol: 'tcp', responder: { type: 'reply', text: 'a' }, capture: { maxAge: '1h' } });
  t.same(fillSpec(full as ListenerSpec), full);
});

t.test('each breach is a 400 that names the field', async (t) => {
  const bad: [Partial<ListenerSpec>, string][] = [
    [{ tcp: {} }, '/tcp'],
    [{ concurrency: 'sequential', threads: 2 }, '/threads'],
    [{ allow: ['127.0.0.1', 'x'] }, '/allow/1'],
    [{ deny: ['10.0.0.0/40'] }, '/deny/0'],
    [{ ttl: '0s' }, '/ttl'],
    [{ completeAfterIdle: 0 }, '/completeAfterIdle'],
    [{ capture: { maxAge: 'soon' } }, '/capture/maxAge'],
    [{ udp: { receiveBuffer: 'much' } }, '/udp/receiveBuffer'],
    [{ responder: { type: 'reply' } }, '/responder/text'],
    [{ responder: { type: 'reply', text: 'a', hex: '00' } }, '/responder/hex'],
    [{ responder: { type: 'reply', hex: '0' } }, '/responder/hex'],
    [{ responder: { type: 'reply', base64: '*' } }, '/responder/base64'],
    [{ responder: { type: 'reply', text: 'a', delay: 'soon' } }, '/responder/delay'],
    [{ responder: { type: 'reply', text: '{{nobody}}', template: true } }, '/responder/text'],
  ];
  for (const [part, pointer] of bad) {
    t.throws(
      () => fillSpec({ protocol: 'udp', ...part }),
      { code: 'validation_failed', errors: [{ in: 'body', pointer }] },
      pointer,
    );
  }
  fillSpec({ protocol: 'udp', responder: { type: 'reply', text: '{{nobody}}' } });
  t.pass('without template braces are plain text');
});

t.test('specs are the same however they are written', async (t) => {
  const a = fillSpec({ protocol: 'udp', ttl: '5s', capture: { maxBytes: '1KiB' } });
  const b = fillSpec({ protocol: 'udp', ttl: 5000, capture: { maxBytes: 1024 } });
  t.ok(sameSpec(a, b));
  t.same(differences(a, fillSpec({ protocol: 'udp', ttl: '6s', paused: true, capture: { maxBytes: 1024 } })).sort(), [
    'paused',
    'ttl',
  ]);
  t.same(differences(a, fillSpec({ protocol: 'tcp', ttl: 5000, capture: { maxBytes: 1024 } })).sort(), [
    'protocol',
    'tcp',
    'udp',
  ]);
});

t.test('threads and journal get milliseconds and bytes', async (t) => {
  const full = fillSpec({
    protocol: 'tcp',
    allow: ['10.0.0.0/8'],
    tcp: { idleTimeout: null },
    capture: { maxBytes: '2KiB', maxAge: '1m' },
  });
  t.match(captureLimits(full), { maxBytes: 2048, maxAge: 60_000, maxMessages: 10_000, overflow: 'dropOldest' });
  const fixed = fixedSpec(full);
  t.match(fixed, { protocol: 'tcp', tcp: { idleTimeout: 0 } }, 'never');
  t.notOk('udp' in fixed, 'nothing of another protocol');
  t.equal(fixed.allow[0]?.prefix, 104);
  const datagrams = fixedSpec(fillSpec({ protocol: 'udp' }));
  t.match(datagrams, { protocol: 'udp', udp: { receiveBuffer: 8 * 1024 ** 2 } });
  t.notOk('tcp' in datagrams);
});

t.test('labels: 64 at most, after a merge too', async (t) => {
  const labels = (from: number, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${from + i}`, 'v']));
  const full = fillSpec({ protocol: 'udp', labels: labels(0, 60) });
  t.equal(Object.keys(patchedSpec(full, { labels: labels(60, 4) }).labels).length, 64);
  t.throws(() => patchedSpec(full, { labels: labels(60, 5) }), { code: 'validation_failed', message: /\/labels.*65/ });
  t.doesNotThrow(() => patchedSpec(full, { labels: { ...labels(60, 5), k0: null } }));
});
