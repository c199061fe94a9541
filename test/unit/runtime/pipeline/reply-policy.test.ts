import { networkInterfaces } from 'node:os';
import t from 'tap';
import { addressBytes } from '../../../../src/net/address.ts';
import { BindingCounters, createCounters } from '../../../../src/runtime/counters.ts';
import { OWN_LIMIT, ReplyPolicy } from '../../../../src/runtime/pipeline/reply-policy.ts';

function gate() {
  const ownPorts = new Uint8Array(65_536);
  const counters = new BindingCounters(createCounters(1), 0);
  const made = new ReplyPolicy(ownPorts, counters);
  return { ownPorts, counters, allows: (address: string, port: number) => made.allows(addressBytes(address), port) };
}

t.test('ports that answer by themselves, and port 0, get no answer', async (t) => {
  const { allows, counters } = gate();
  for (const port of [0, 7, 13, 17, 19, 37]) t.equal(allows('192.0.2.1', port), false, `port ${port}`);
  t.equal(counters.get('repliesSuppressed'), 6);
  for (const port of [1, 9, 53, 65_535]) t.equal(allows('192.0.2.1', port), true, `port ${port}`);
});

t.test('nor do broadcast and multicast sources', async (t) => {
  const { allows } = gate();
  for (const address of ['255.255.255.255', '224.0.0.1', '239.1.2.3', 'ff02::1']) t.equal(allows(address, 5000), false);
  for (const address of ['223.255.255.250', '198.51.100.7', '240.0.0.1', 'fe80::1', '::1']) {
    t.equal(allows(address, 5000), true, address);
  }
  const info = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.netmask === '255.0.0.0');
  if (info?.address === '127.0.0.1') t.equal(allows('127.255.255.255', 5000), false, 'broadcast of a subnet of ours');
});

t.test('another listener of this service gets so many a second, others as many as they like', async (t) => {
  const { ownPorts, allows, counters } = gate();
  ownPorts[6000] = 1;
  const tries = (address: string, port: number) =>
    Array.from({ length: OWN_LIMIT + 50 }, () => allows(address, port)).filter(Boolean).length;
  // A second may end in between.
  const own = tries('127.0.0.1', 6000);
  t.ok(own >= OWN_LIMIT && own < OWN_LIMIT + 50, `${own}`);
  t.ok(counters.get('repliesSuppressed') > 0);
  t.equal(tries('127.0.0.1', 6001), OWN_LIMIT + 50, 'no listener of ours');
  t.equal(tries('198.51.100.7', 6000), OWN_LIMIT + 50, 'the same port elsewhere');
});
