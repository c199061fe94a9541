import fc from 'fast-check';
import t from 'tap';
import { EventParser, eventsOf, type ServerEvent } from '../../../src/client/sse.ts';

t.setTimeout(120_000);

const STREAM = [
  'retry: 2000\n: a comment\nid: 7\n\n',
  'event: message\nid: 8\ndata: {"a":1}\n\n',
  'data: one\r\ndata:two\r\ndata:  three\r\n\r\n',
  'data\rid\r\r',
  'unknown: field\nid: a\0b\nretry: soon\ndata: x\n\n',
  'event: lost\n\n',
  'data: never finished',
].join('');

const EVENTS: ServerEvent[] = [
  { name: 'message', data: '', id: '7', retry: 2000 },
  { name: 'message', data: '{"a":1}', id: '8', retry: undefined },
  { name: 'message', data: 'one\ntwo\n three', id: '8', retry: undefined },
  { name: 'message', data: '', id: '', retry: undefined },
  { name: 'message', data: 'x', id: '', retry: undefined },
];

t.test('events, whatever the line ends', async (t) => {
  t.same([...new EventParser().push(STREAM)], EVENTS);
});

t.test('events, wherever the network cuts them', async (t) => {
  const cuts = fc.array(fc.nat(STREAM.length), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, (places) => {
      const parser = new EventParser();
      const bounds = [0, ...places.sort((a, b) => a - b), STREAM.length];
      const pieces = bounds.slice(1).map((end, index) => STREAM.slice(bounds[index], end));
      t.same(
        pieces.flatMap((piece) => [...parser.push(piece)]),
        EVENTS,
      );
    }),
    { numRuns: 200 },
  );
});

t.test('characters cut in two arrive whole, and a broken body just ends', async (t) => {
  const bytes = new TextEncoder().encode('data: é\n\n');
  const parts = [bytes.subarray(0, 7), bytes.subarray(7)];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift();
      if (part === undefined) controller.error(new Error('cut'));
      else controller.enqueue(part);
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of eventsOf(body, 1000)) events.push(event);
  t.match(events, [{ data: 'é' }]);
  t.equal(events.length, 1);
});

t.test('a silent body ends', async (t) => {
  const cancel = t.captureFn(() => {});
  const body = new ReadableStream<Uint8Array>({ cancel });
  for await (const _ of eventsOf(body, 20)) t.fail('nothing was sent');
  t.equal(cancel.calls.length, 1);
});

t.test('leaving early cancels the body', async (t) => {
  const cancel = t.captureFn(() => {});
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('data: x\n\n')),
    cancel,
  });
  for await (const event of eventsOf(body, 1000)) {
    t.equal(event.data, 'x');
    break;
  }
  t.equal(cancel.calls.length, 1);
});
