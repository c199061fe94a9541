/** A long history read from its beginning to its end. */
import t from 'tap';
import { H } from '../../../src/records/chunk.ts';
import type { Read } from '../../../src/schemas/reads.ts';
import { chunk, listener, message, pullOf, until } from './fixtures.ts';
import { open, port } from './journals.ts';

t.setTimeout(120_000);

t.test('1,000,000 messages are replayed once each, in order', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send, owed } = port(t, journal);
  const template = chunk(Array.from({ length: 500 }, () => message('')));
  for (let i = 0; i < 2000; i++) {
    const each = template.slice();
    new DataView(each.buffer).setUint32(H.ordinal, i * 500, true);
    send(each);
    if (owed() > 8e6) await until(() => owed() < 4e6);
  }
  let expected = 1;
  const request: Partial<Read> = { limit: 20_000, payload: 'none', format: 'sse' };
  for (let after: string | null = null, more = true; more; ) {
    const page = await journal.read(pullOf({ ...request, after }));
    const body = Buffer.from(page.body).toString('latin1');
    for (let at = body.indexOf('\nid: '); at !== -1; at = body.indexOf('\nid: ', at + 200)) {
      const id = Number.parseInt(body.slice(at + 5, at + 13), 10);
      if (id !== expected++) throw new Error(`${id} is not ${expected - 1}`);
    }
    after = page.next;
    more = page.hasMore;
  }
  t.equal(expected, 1_000_001);
});
