import fc from 'fast-check';
import t from 'tap';
import { addWords, checksum } from '../../../src/pcap/checksum.ts';

t.test('the example of RFC 1071', async (t) => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  t.equal(checksum(0x2ddf0), 0x220d);
  t.equal(checksum(addWords(0, viewOf(bytes), 0, 8)), 0x220d);
});

t.test('a message with its checksum in it sums up to nothing', async () => {
  const cases = fc.uint8Array({ minLength: 2, maxLength: 70_000, size: 'max' }).map((bytes) => {
    const even = bytes.slice(0, bytes.length & ~1);
    even.fill(0, 0, 2);
    return even;
  });
  fc.assert(
    fc.property(cases, (bytes) => {
      const sum = checksum(addWords(0, viewOf(bytes), 0, bytes.length));
      new DataView(bytes.buffer).setUint16(0, sum);
      return checksum(addWords(0, viewOf(bytes), 0, bytes.length)) === 0;
    }),
    { numRuns: 50 },
  );
});

t.test('parts may be summed one by one; an odd end counts as if a zero followed', async (t) => {
  const view = viewOf(Uint8Array.of(1, 2, 3, 4, 5));
  t.equal(checksum(addWords(addWords(0, view, 0, 2), view, 2, 5)), checksum(addWords(0, view, 0, 5)));
  t.equal(addWords(0, view, 4, 5), 0x0500);
  t.equal(checksum(0), 0xffff);
});

t.test('the same as adding word by word', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(10), (bytes, start) => {
      let sum = 0;
      for (let i = start; i < bytes.length; i += 2) sum += bytes[i]! * 256 + (bytes[i + 1] ?? 0);
      return checksum(sum) === checksum(addWords(0, viewOf(bytes), start, Math.max(start, bytes.length)));
    }),
  );
});

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
