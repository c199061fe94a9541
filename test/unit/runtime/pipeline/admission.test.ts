import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { addressBytes, isWithin } from '../../../../src/net/address.ts';
import type { GapReason } from '../../../../src/records/chunk.ts';
import { BindingCounters, createCounters } from '../../../../src/runtime/counters.ts';
import { Admission } from '../../../../src/runtime/pipeline/admission.ts';
import type { Recorder } from '../../../../src/runtime/transport.ts';
import { bindingSpec, type Wanted } from '../../workers/rig.ts';

function admission(wanted: Wanted, memory = createCounters(2), binding = 0) {
  const counters = new BindingCounters(memory, binding);
  const gaps: [GapReason, number][] = [];
  const recorder = { gap: (reason: GapReason, dropped: number) => gaps.push([reason, dropped]) } as unknown as Recorder;
  return { admission: new Admission(bindingSpec(wanted), counters, recorder), counters, gaps };
}
const cidr = (address: string, prefix: number) => ({ bytes: addressBytes(address), prefix });
const from = addressBytes;

t.test('deny wins over allow; an empty allow list lets everybody in', async (t) => {
  const open = admission({}).admission;
  t.equal(open.isOpen, true);
  t.equal(open.refuses(from('203.0.113.7')), false);
  const {
    admission: picky,
    counters,
    gaps,
  } = admission({
    allow: [cidr('10.0.0.0', 96 + 8), cidr('fd00::', 8)],
    deny: [cidr('10.1.0.0', 96 + 16)],
  });
  t.equal(picky.isOpen, false);
  const verdicts = ['10.2.3.4', 'fd12::1', '10.1.2.3', '192.168.0.1', 'fe80::1'].map((a) => picky.refuses(from(a)));
  t.same(verdicts, [false, false, true, true, true]);
  t.equal(counters.get('denied'), 3);
  t.same(gaps, [], 'who is denied leaves no gap');
});

t.test('a pause and used-up requests are counted and leave gaps', async (t) => {
  const { admission: one, counters, gaps } = admission({ paused: true, maxRequests: 2 });
  t.equal(one.refuses(from('127.0.0.1')), true);
  one.paused = false;
  t.equal(one.refuses(from('127.0.0.1')), false);
  t.same([one.request(), one.request(), one.request(), one.number()], [1, 2, 0, 0]);
  t.same(gaps, [
    ['paused', 1],
    ['closed', 1],
  ]);
  t.equal(counters.get('paused'), 1);
  t.equal(counters.get('closed'), 1, 'number() counts no refusal');
  t.equal(counters.get('requests'), 2);
  t.ok(Math.abs(counters.get('lastRequestAt') - Date.now()) < 5_000);
});

t.test('requests are numbered over all bindings, exactly to the limit', async (t) => {
  const memory = createCounters(2);
  const both = [admission({ maxRequests: 5 }, memory, 0), admission({ maxRequests: 5 }, memory, 1)];
  const numbers = Array.from({ length: 9 }, (_, i) => both[i % 2]!.admission.request());
  t.same(numbers, [1, 2, 3, 4, 5, 0, 0, 0, 0]);
});

t.test('a batch takes its numbers at once, and they are those that single requests would have had', async (t) => {
  const memory = createCounters(2);
  const [one, other] = [admission({}, memory, 0), admission({}, memory, 1)];
  t.same([one.admission.requests(3), other.admission.request(), one.admission.requests(2)], [1, 4, 5]);
  t.equal(one.counters.get('requests'), 5);
  t.ok(Math.abs(one.counters.get('lastRequestAt') - Date.now()) < 5_000);
});

t.test('IPv6 lists are about IPv6 peers', async (t) => {
  const everybody = [cidr('::', 0)];
  t.equal(admission({ deny: everybody }).admission.permits(from('127.0.0.1')), true);
  t.equal(admission({ deny: everybody }).admission.permits(from('::1')), false);
  t.equal(admission({ allow: everybody }).admission.permits(from('127.0.0.1')), false);
  t.equal(admission({ allow: everybody }).admission.permits(from('fd00::7')), true);
  t.equal(admission({ deny: [cidr('::ffff:0:0', 96)] }).admission.permits(from('127.0.0.1')), false, 'all of IPv4');
});

t.test('containment agrees with the block list of Node', async (t) => {
  const octet = fc.integer({ min: 0, max: 255 });
  const address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
  fc.assert(
    fc.property(address, address, fc.integer({ min: 0, max: 32 }), fc.boolean(), (net, random, prefix, near) => {
      const list = new BlockList();
      list.addSubnet(net, prefix);
      const peer = near ? net.replace(/\d+$/, '77') : random;
      assert.equal(isWithin(cidr(net, 96 + prefix), from(peer)), list.check(peer));
      const shifted = Uint8Array.from([1, 2, 3, ...from(peer)]);
      assert.equal(isWithin(cidr(net, 96 + prefix), shifted, 3), list.check(peer));
    }),
  );
  t.pass();
});
