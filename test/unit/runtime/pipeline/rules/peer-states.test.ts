/** States of peers against a plain list of them, whoever speaks in whatever order. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Request } from '../../../../../src/runtime/pipeline/request.ts';
import { PeerStates } from '../../../../../src/runtime/pipeline/rules/peer-states.ts';

const request = new Request({ thread: 'shared-1', listener: 'l', localPort: 1 });
function from(peer: number, connection: number): Request {
  return Object.assign(request, { remote: new Uint8Array(16).fill(peer), remotePort: peer, connection });
}

t.test('who was silent longest begins anew, and nobody has what another one has', async () => {
  const message = fc.record({ peer: fc.nat(4), forgets: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('peer' as const, 'connection' as const),
      (messages, most, scope) => {
        const states = new PeerStates({ initial: 'start', most, idle: 60_000, rules: [1] });
        const known: { peer: number; count: number }[] = [];
        for (const { peer, forgets } of messages) {
          const own = from(peer, scope === 'peer' ? 0 : peer + 1);
          const at = known.findIndex((one) => one.peer === peer);
          const one = at === -1 ? { peer, count: 0 } : known.splice(at, 1)[0]!;
          if (known.length >= most) known.shift();
          known.push(one);
          const state = states.of(own, scope);
          assert.equal(state.take({ number: 1 }, 'times'), ++one.count);
          state.state = `s${peer}`;
          assert.equal(states.stateOf(own, scope), `s${peer}`);
          if (!forgets || scope === 'peer') continue;
          states.forget(peer + 1);
          known.pop();
          assert.equal(states.stateOf(own, scope), 'start');
        }
        assert.deepEqual(states.census(scope), Object.fromEntries(known.map(({ peer }) => [`s${peer}`, 1])));
      },
    ),
    { numRuns: 500 },
  );
});

t.test('what was counted for a rule that is gone is forgotten', async (t) => {
  const bounds = { initial: 'start', most: 9, idle: 60_000 };
  const states = new PeerStates({ ...bounds, rules: [1, 2] });
  for (const rule of [1, 2]) states.of(from(1, 0), 'peer').take({ number: rule }, 'nth');
  states.change({ ...bounds, rules: [2] });
  const { counts } = states.of(from(1, 0), 'peer');
  t.equal(counts.size, 1);
  t.equal(states.of(from(1, 0), 'peer').take({ number: 2 }, 'nth'), 2);
});

t.test('a peer whose state has ended is in none, and is none that the clock has anything for', async (t) => {
  const bounds = { initial: 'start', most: 9, rules: [] };
  const states = new PeerStates({ ...bounds, idle: 60_000 });
  for (const peer of [1, 2]) states.of(from(peer, 0), 'peer').state = 'asked';
  t.same(states.census('peer'), { asked: 2 });
  t.equal([...states.datagramPeers()].length, 2);
  states.change({ ...bounds, idle: 0 });
  t.same(states.census('peer'), {});
  t.same([...states.datagramPeers()], []);
  states.change({ ...bounds, idle: 60_000 });
  states.of(from(1, 7), 'connection');
  states.change({ ...bounds, idle: 0 });
  t.same(states.census('connection'), { start: 1 }, 'a connection lives until it ends');
});
