import fc from 'fast-check';
import t from 'tap';
import { addressBytes, addressText, canonicalAddress } from '../../../src/net/address.ts';

t.test('addresses survive the way into chunks and back', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const canonical = canonicalAddress(text);
      t.equal(canonicalAddress(canonical), canonical);
      t.same(addressBytes(canonical), addressBytes(text));
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('IPv4 is IPv4 in whatever form it comes', (t) => {
  t.equal(canonicalAddress('::ffff:10.0.0.1'), '10.0.0.1');
  t.equal(canonicalAddress('10.0.0.1'), '10.0.0.1');
  t.equal(canonicalAddress('::1'), '::1');
  t.equal(canonicalAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  t.equal(canonicalAddress('fe80::1%eth0'), 'fe80::1', 'a zone is of this machine only');
  t.end();
});

t.test('what is no address is refused', (t) => {
  for (const text of ['', 'localhost', '1.2.3.4.5', '1::2::3', '10.0.0.1:80'])
    t.throws(() => addressBytes(text), TypeError, text);
  t.end();
});

t.test('a flood of addresses does not grow the process', (t) => {
  for (let i = 0; i < 10_000; i++) addressText(addressBytes(`2001:db8::${(i % 65_536).toString(16)}`));
  t.equal(addressText(addressBytes('2001:db8::7')), '2001:db8::7');
  t.end();
});
