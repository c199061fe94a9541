import t from 'tap';
import { RunningExports } from '../../../../src/journal/encode/pcapng-exports.ts';
import { readPcapng } from '../../../../src/pcap/pcapng-reader.ts';
import type { ReadResult } from '../../../../src/schemas/reads.ts';
import { addAll, chunks, message, pcapng, UDP } from '../../pcap/records.ts';

t.setTimeout(120_000);

const pulled = (body: Uint8Array, hasMore: boolean): ReadResult => ({
  body,
  items: 1,
  messages: 1,
  next: '1',
  hasMore,
});

t.test('an export in many pulls is one file, complete with the last', async (t) => {
  const exports = new RunningExports();
  const drafts = [message('a'), message('b'), message('c')];
  const bodies = chunks(drafts).map((chunk, i) => {
    const writer = exports.writer(7, { begins: i === 0 })!;
    if (i === 0) writer.declare(UDP);
    addAll(writer, chunk, UDP);
    return exports.answered(7, pulled(writer.take(), i < 2)).body;
  });
  t.ok(Buffer.concat(bodies).equals(pcapng(UDP, drafts)));
  t.equal(readPcapng(Buffer.concat(bodies)).items.length, 3);
  t.equal(exports.size, 0);
  t.equal(exports.writer(7, { begins: false }), undefined, 'it is over');
});

t.test('an export without a client goes; so does the one idle longest when there are too many', async (t) => {
  const exports = new RunningExports();
  exports.writer(1, { begins: true });
  exports.end(1);
  t.equal(exports.size, 0);
  for (let id = 1; id <= 64; id++) exports.writer(id, { begins: true });
  t.ok(exports.writer(1, { begins: false }));
  exports.writer(65, { begins: true });
  t.equal(exports.size, 64);
  t.ok(exports.writer(1, { begins: false }));
  t.equal(exports.writer(2, { begins: false }), undefined);
  t.match(exports.answered(2, pulled(new Uint8Array(3), false)).body, { length: 3 });
});
