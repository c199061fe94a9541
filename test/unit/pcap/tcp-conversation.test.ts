import fc from 'fast-check';
import t from 'tap';
import { addressBytes } from '../../../src/net/address.ts';
import { ACK, FIN, RST, SEGMENT_LIMIT, type Segment, SYN } from '../../../src/pcap/frame.ts';
import { TcpConversation } from '../../../src/pcap/tcp-conversation.ts';

const FLOW = {
  family: 4,
  local: addressBytes('127.0.0.1'),
  localPort: 1,
  remote: addressBytes('127.0.0.2'),
  remotePort: 2,
} as const;

t.test('whatever is said, each side reads its bytes in order and acknowledges only what came', async () => {
  const said = fc.array(fc.record({ inbound: fc.boolean(), size: fc.integer({ min: 0, max: 200_000 }) }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(said, fc.nat({ max: 0xffff_ffff }), (said, initial) => {
      const conversation = new TcpConversation(FLOW, initial);
      const segments = said.flatMap(({ inbound, size }) => conversation.data(inbound, bytes(size)));
      const sent = check([...segments, ...conversation.close()]);
      return (
        sent.in === total(said.filter((part) => part.inbound)) &&
        sent.out === total(said.filter((part) => !part.inbound))
      );
    }),
    { numRuns: 50, endOnFailure: true },
  );
});

t.test('the handshake comes once', async (t) => {
  const conversation = new TcpConversation(FLOW, 7);
  t.same(
    conversation.open().map(({ flags }) => flags),
    [SYN, SYN | ACK, ACK],
  );
  t.same(conversation.open(), []);
  t.same(
    conversation.close().map(({ flags }) => flags),
    [FIN | ACK, FIN | ACK, ACK],
  );
});

t.test('who closes comes first, and a reset is one segment', async (t) => {
  const end = (how: { byPeer: boolean; reset: boolean }) => {
    const conversation = new TcpConversation(FLOW, 7);
    conversation.open();
    check(new TcpConversation(FLOW, 7).close(how));
    return conversation.close(how).map(({ inbound, flags }) => [inbound ? 'peer' : 'own', flags]);
  };
  t.same(end({ byPeer: true, reset: false }), [
    ['peer', FIN | ACK],
    ['own', FIN | ACK],
    ['peer', ACK],
  ]);
  t.same(end({ byPeer: false, reset: false }), [
    ['own', FIN | ACK],
    ['peer', FIN | ACK],
    ['own', ACK],
  ]);
  t.same(end({ byPeer: true, reset: true }), [['peer', RST | ACK]]);
  t.same(end({ byPeer: false, reset: true }), [['own', RST | ACK]]);
});

t.test('what was cut leaves its place in the stream', async (t) => {
  const conversation = new TcpConversation(FLOW, 0);
  conversation.open();
  const cut = conversation.data(true, { payload: new Uint8Array(10), size: SEGMENT_LIMIT + 5 });
  t.same(
    cut.map(({ payload, size, sequence }) => [payload.length, size, sequence]),
    [
      [10, SEGMENT_LIMIT, 1],
      [0, 5, 1 + SEGMENT_LIMIT],
    ],
  );
});

/** Plays a receiver: every segment is the next one its side expects. Answers the payload bytes each side sent. */
function check(segments: Segment[]): { in: number; out: number } {
  const next: Record<'in' | 'out', number | undefined> = { in: undefined, out: undefined };
  const sent = { in: 0, out: 0 };
  for (const { inbound, flags, sequence, acknowledge, payload, size } of segments) {
    const [own, other] = inbound ? (['in', 'out'] as const) : (['out', 'in'] as const);
    const expected = next[own] ?? sequence;
    if (sequence !== expected || payload.length !== size) throw new Error(`${own}: ${sequence}, not ${expected}`);
    if (flags & ACK && acknowledge !== next[other]) throw new Error(`${own} acknowledges what did not come`);
    next[own] = (sequence + size + (flags & (SYN | FIN) ? 1 : 0)) >>> 0;
    sent[own] += size;
  }
  return sent;
}

function bytes(size: number) {
  return { payload: new Uint8Array(size), size };
}

function total(parts: { size: number }[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}
