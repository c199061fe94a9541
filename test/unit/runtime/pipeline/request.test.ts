/** What is read of a message only when it is asked for, and what a message that is kept takes along. */
import t from 'tap';
import { Request } from '../../../../src/runtime/pipeline/request.ts';

t.test('groups are taken out once, when they are asked for, and of the message at hand', async (t) => {
  const request = new Request({ thread: 'shared-1', listener: 'l', localPort: 1 });
  const read: string[] = [];
  const source = {
    read(payload: Uint8Array) {
      read.push(String(Buffer.from(payload)));
      return { groups: [payload.slice(0, 1)], named: new Map() };
    },
  };
  const first = () => Buffer.from(request.captures!.groups[0]!).toString();
  const memory = Uint8Array.from(Buffer.from('ab'));
  request.payload = memory;
  request.capturesBy = source;
  t.same(read, [], 'nobody asked');
  t.same([first(), first(), read.length], ['a', 'a', 1]);
  const kept = request.keep();
  memory.set(Buffer.from('xy'));
  request.capturesBy = source;
  t.equal(first(), 'x', 'another message in the same memory');
  t.equal(Buffer.from(kept.captures!.groups[0]!).toString(), 'a');
  const late = request.keep();
  memory.set(Buffer.from('mn'));
  t.equal(Buffer.from(late.captures!.groups[0]!).toString(), 'x');
  request.capturesBy = null;
  t.equal(request.captures, null);
});
