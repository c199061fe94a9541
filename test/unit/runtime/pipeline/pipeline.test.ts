/** What holds for every transport, whatever its memory does: with behaviors and links of our own. */
import t from 'tap';
import { addressBytes } from '../../../../src/net/address.ts';
import { BindingCounters, createCounters } from '../../../../src/runtime/counters.ts';
import type { Action, Behavior } from '../../../../src/runtime/pipeline/behavior.ts';
import type { Link } from '../../../../src/runtime/pipeline/link.ts';
import { Pipeline } from '../../../../src/runtime/pipeline/pipeline.ts';
import { ReplyPolicy } from '../../../../src/runtime/pipeline/reply-policy.ts';
import { compileTemplate } from '../../../../src/runtime/pipeline/template/compile.ts';
import type { BindingContext } from '../../../../src/runtime/transport.ts';
import type { Responder } from '../../../../src/schemas/responder.ts';
import type { BindingSpec } from '../../../../src/workers/protocol.ts';
import { until } from '../../workers/rig.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** A binding whose messages all lie in the same memory, one after the other, as in an arena. */
function rig({ responder = { type: 'none' }, behavior }: { responder?: Responder; behavior?: Behavior } = {}) {
  const counters = new BindingCounters(createCounters(1), 0);
  const ownPorts = new Uint8Array(65_536);
  const log: string[] = [];
  const context = {
    threadName: 'shared-1',
    counters,
    internalError: (error: unknown, ordinal: number) => log.push(`${String(error)} at ${ordinal}`),
    problem: ({ code, message }: { code: string; message: string }) => log.push(`${code}: ${message}`),
  } as unknown as BindingContext;
  const spec = { id: 'l_0', name: null, responder, maxPayload: 65_535 } as unknown as BindingSpec;
  let ordinal = 0;
  const pipeline = new Pipeline({
    spec,
    context,
    localPort: 1,
    policy: new ReplyPolicy(ownPorts, counters),
    record: ({ payload }) => {
      log.push(`in ${text(payload)}`);
      return ++ordinal;
    },
    served: () => log.push('served'),
    ...(behavior && { behavior }),
  });
  const link: Link = {
    send: (payload, { answers }) => log.push(`out ${text(payload)} to ${answers}`),
    close: () => {},
    hold: () => {},
    keep: () => link,
  };
  const slot = new Uint8Array(64);
  const remote = new Uint8Array(16);
  const receive = (message: string, port = 5000, address = '192.0.2.1') => {
    slot.fill(0);
    slot.set(Buffer.from(message));
    remote.set(addressBytes(address));
    const { request } = pipeline;
    request.payload = slot.subarray(0, message.length);
    request.remote = remote;
    request.remotePort = port;
    pipeline.serve(link, null);
  };
  return { pipeline, counters, log, receive };
}

/** Every message is answered by these actions. */
function always(...actions: Action[]): Behavior {
  const decision = { actions };
  return { silent: false, decide: () => decision };
}
const echo: Action = { do: 'send', payload: (request) => request.payload };
const peer: Action = {
  do: 'send',
  payload: ({ remoteAddress, remotePort }) => Buffer.from(`${remoteAddress} ${remotePort}`),
};

t.test('a payload is the behavior’s for as long as its actions take, although its memory is used again', async (t) => {
  const { log, receive, pipeline } = rig({ behavior: always({ do: 'delay', ms: 10 }, echo, peer) });
  receive('first', 5001, '192.0.2.1');
  receive('other', 5002, '192.0.2.2');
  await pipeline.close(5_000);
  t.same(
    log.filter((line) => line.startsWith('out')),
    ['out first to 1', 'out 192.0.2.1 5001 to 1', 'out other to 2', 'out 192.0.2.2 5002 to 2'],
  );
});

t.test('an answer made of steps is given, whichever way it was asked for, or counted', async (t) => {
  const { log, receive, pipeline, counters } = rig({ behavior: always(echo, { do: 'delay', ms: 5 }, echo) });
  receive('a');
  t.same(log, ['in a', 'out a to 1']);
  await until(() => log.includes('served'));
  t.same(log, ['in a', 'out a to 1', 'out a to 1', 'served']);
  receive('b');
  await pipeline.close(0);
  t.equal(counters.get('repliesSuppressed'), 1, 'its second half was given up, and that is counted');
});

t.test('a suppressed reply uses up no times', async (t) => {
  const { log, receive, counters } = rig({ responder: { type: 'reply', text: 'x', times: 1 } });
  for (const port of [7, 19, 0]) receive('storm', port);
  receive('storm', 5000, '224.0.0.1');
  t.equal(counters.get('repliesSuppressed'), 4);
  t.equal(counters.taken('reply'), 0);
  receive('honest');
  receive('late');
  t.same(
    log.filter((line) => line.startsWith('out')),
    ['out x to 5'],
  );
});

t.test('nor does it ask the behavior, so no state moves', async (t) => {
  let asked = 0;
  const behavior: Behavior = {
    silent: false,

    decide: () => ({ actions: asked++ === 0 ? [echo] : [] }),
  };
  const { log, receive } = rig({ behavior });
  receive('storm', 13);
  t.equal(asked, 0);
  receive('honest');
  t.same(log, ['in storm', 'served', 'in honest', 'out honest to 2', 'served']);
});

t.test('a behavior that throws is told; the message is recorded, and the next one answered', async (t) => {
  let n = 0;
  const behavior: Behavior = {
    silent: false,

    decide: () => {
      if (n++ === 0) throw new Error('no such state');
      return { actions: [echo] };
    },
  };
  const { log, receive, counters } = rig({ behavior });
  receive('a');
  receive('b');
  t.same(log, ['in a', 'Error: no such state at 1', 'served', 'in b', 'out b to 2', 'served']);
  t.equal(counters.get('repliesSuppressed'), 1);
});

t.test(
  'a template that does not fit a message: nothing is sent, a problem says so, what follows is done',
  async (t) => {
    const template = compileTemplate('{{bytes 0 2}}');
    const filled: Action = { do: 'send', payload: (request) => template.render(request) };
    const { log, receive, pipeline, counters } = rig({ behavior: always(filled, echo) });
    receive('ab');
    receive('c');
    receive('d');
    t.same(log, [
      'in ab',
      'out ab to 1',
      'out ab to 1',
      'served',
      'in c',
      'template_error: 1 replies could not be filled in: bytes: the message has 1, which is not up to 2 from 0 on',
      'out c to 2',
      'served',
      'in d',
      'out d to 3',
      'served',
    ]);
    t.equal(counters.get('repliesSuppressed'), 2);
    await pipeline.close(0);
    t.match(log.at(-1), 'template_error: 1 replies', 'one a second, the rest at the end');
  },
);

t.test('the record of a message comes before those of its answers, whatever the answer', async (t) => {
  const { log, receive } = rig({ responder: { type: 'upper' } });
  receive('hola');
  t.same(log, ['in hola', 'out HOLA to 1', 'served']);
});
