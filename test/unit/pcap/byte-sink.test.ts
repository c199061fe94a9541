import t from 'tap';
import { ByteSink } from '../../../src/pcap/byte-sink.ts';

t.test('every kind of write may be the one that makes the buffer grow', async (t) => {
  const capacity = new ByteSink().bytes.length;
  const writes: [string, (sink: ByteSink) => void, number[]][] = [
    ['u8', (sink) => sink.u8(1), [1]],
    ['u16', (sink) => sink.u16(1), [1, 0]],
    ['u32', (sink) => sink.u32(1), [1, 0, 0, 0]],
    ['u16be', (sink) => sink.u16be(1), [0, 1]],
    ['u32be', (sink) => sink.u32be(1), [0, 0, 0, 1]],
    ['append', (sink) => sink.append(Uint8Array.of(1, 2)), [1, 2]],
    ['zeros', (sink) => void sink.zeros(2), [0, 0]],
  ];
  for (const [name, write, expected] of writes) {
    const sink = new ByteSink();
    sink.append(new Uint8Array(capacity).fill(9));
    write(sink);
    const taken = sink.take();
    t.same([...taken.subarray(capacity)], expected, name);
    t.ok(taken.subarray(0, capacity).every((byte) => byte === 9));
  }
});

t.test('what was taken is gone, and its memory with it when there was much', async (t) => {
  const sink = new ByteSink();
  const capacity = sink.bytes.length;
  sink.append(new Uint8Array(4 * 1024 * 1024).fill(9));
  t.equal(sink.take().length, 4 * 1024 * 1024);
  t.equal(sink.bytes.length, capacity);
  sink.u8(1);
  sink.pad4();
  t.same([...sink.take()], [1, 0, 0, 0]);
  t.equal(sink.take().length, 0);
});
