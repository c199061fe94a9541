import t from 'tap';
import { AddressPolicy, parseCidr, resolveHost } from '../../../src/net/access-policy.ts';
import { addressBytes, isWithin } from '../../../src/net/address.ts';

t.test('CIDRs and addresses are read', async (t) => {
  t.equal(parseCidr('10.0.0.0/8')?.prefix, 104);
  t.equal(parseCidr('10.0.0.1')?.prefix, 128);
  t.equal(parseCidr('::/0')?.prefix, 0);
  for (const text of ['', 'x', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', 'fe80::1%eth0', '10.0.0.0/-1']) {
    t.equal(parseCidr(text), undefined, text);
  }
});

t.test('a CIDR holds the addresses of its own family only', async (t) => {
  const holding = (cidr: string, address: string) => isWithin(parseCidr(cidr)!, addressBytes(address));
  t.ok(holding('127.0.0.0/8', '127.255.0.1'));
  t.ok(holding('10.1.2.0/23', '10.1.3.255'));
  t.notOk(holding('10.1.2.0/23', '10.1.4.0'));
  t.ok(holding('0.0.0.0/0', '8.8.8.8'));
  t.ok(holding('0.0.0.0/0', '0.0.0.0'));
  t.notOk(holding('::/0', '127.0.0.1'), 'not even ::/0 holds IPv4');
  t.notOk(holding('0.0.0.0/0', '::1'));
  t.ok(holding('::/0', '::'));
  t.ok(holding('fd00::/8', 'fdff::1'));
  t.notOk(holding('::1', '::2'));
});

t.test('hosts are resolved once, IPv4 first', async (t) => {
  t.equal(await resolveHost('127.0.0.1'), '127.0.0.1');
  t.equal(await resolveHost('::ffff:127.0.0.1'), '127.0.0.1', 'IPv4-mapped is IPv4');
  t.equal(await resolveHost('0:0:0:0:0:0:0:1'), '::1');
  t.equal(await resolveHost('localhost'), '127.0.0.1');
  await t.rejects(resolveHost('127.0.0.1', 6), { code: 'unprocessable' });
  await t.rejects(resolveHost('no-such-host.invalid'), { code: 'unprocessable', message: /no-such-host\.invalid/ });
});

t.test('loopback is allowed, the rest only by CIDR', async (t) => {
  const policy = new AddressPolicy(['10.0.0.0/8'], { code: 'bind_not_allowed', flag: '--allow-bind' });
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '10.1.1.1']) policy.check(address);
  for (const address of ['0.0.0.0', '::', '192.0.2.1', '2001:db8::1']) {
    t.throws(() => policy.check(address), { code: 'bind_not_allowed', message: /--allow-bind/ }, address);
  }
});

t.test('a refusal shows the flag as it can be pasted', async (t) => {
  const refusal = { code: 'destination_not_allowed', flag: '--allow-send' } as const;
  const shown: [address: string, flag: string][] = [
    ['192.0.2.1', '--allow-send 192.0.2.1/32'],
    ['0.0.0.0', '--allow-send 0.0.0.0/0'],
    ['::', '--allow-send ::/0'],
    ['2001:db8::1', '--allow-send 2001:db8::1/128'],
  ];
  for (const [address, flag] of shown) {
    const { message } = t.throws(() => new AddressPolicy([], refusal).check(address)) as Error;
    t.match(message, `start the service with ${flag} `);
    t.match(message, '--allow-send 10.0.0.0/8');
    const policy = new AddressPolicy([flag.split(' ')[1]!], refusal);
    t.doesNotThrow(() => policy.check(address), `${flag} allows it`);
  }
});
