import t from 'tap';
import { addressBytes } from '../../../../src/net/address.ts';
import { BindingCounters, createCounters } from '../../../../src/runtime/counters.ts';
import type { Decision } from '../../../../src/runtime/pipeline/behavior.ts';
import { compileBehavior } from '../../../../src/runtime/pipeline/behaviors.ts';
import { Request } from '../../../../src/runtime/pipeline/request.ts';
import type { PlainResponder as Spec } from '../../../../src/schemas/responder.ts';

function responder(spec: Spec, counters = new BindingCounters(createCounters(1), 0), repliesBefore = 0) {
  const compiled = compileBehavior(spec, { counters, repliesBefore });
  const request = new Request({ thread: 'shared-1', listener: 'l', localPort: 1 });
  request.remote = addressBytes('127.0.0.1');
  return (text: string | Uint8Array, terminator = '') => {
    request.payload = Uint8Array.from(Buffer.from(text as Uint8Array));
    request.terminator = Uint8Array.from(Buffer.from(terminator));
    return answerOf(compiled.decide(request), request);
  };
}
/** The one payload of a decision that sends at once, null when it does nothing, its actions otherwise. */
function answerOf({ actions }: Decision, request: Request): unknown {
  const [first, ...more] = actions.map((action) =>
    action.do === 'send' && typeof action.payload === 'function'
      ? { ...action, payload: action.payload(request) }
      : action,
  );
  if (first === undefined) return null;
  return first.do === 'send' && more.length === 0 ? first.payload : [first, ...more];
}
const text = (answer: unknown) => (answer instanceof Uint8Array ? Buffer.from(answer).toString('latin1') : answer);

t.test('none is silent, echo is not', async (t) => {
  t.equal(responder({ type: 'none' })('x'), null);
  t.equal(text(responder({ type: 'echo' })('x')), 'x');
  t.equal(text(responder({ type: 'echo' })('x', '\r\n')), 'x\r\n', 'the end of a line comes back with it');
  const context = { counters: new BindingCounters(createCounters(1), 0), repliesBefore: 0 };
  t.equal(compileBehavior({ type: 'none' }, context).silent, true);
  t.equal(compileBehavior({ type: 'echo' }, context).silent, false);
});

t.test('upper does what bytes.strip().upper() of Python does', async (t) => {
  const upper = responder({ type: 'upper' });
  t.equal(
    text(upper(' \t\n\r\v\fHola, \u00f1and\u00fa 1\n')),
    Buffer.from('HOLA, \u00f1AND\u00fa 1').toString('latin1'),
  );
  t.equal(text(upper(' \u00a0x ')), Buffer.from('\u00a0X').toString('latin1'), 'only ASCII white space goes');
  t.equal(text(upper(Uint8Array.of(0x00, 0x61, 0xe1, 0xff, 0x20))), '\x00A\xe1\xff');
  t.equal(text(upper('  ')), '');
  t.equal(text(upper(' x ', '\n')), 'X\n');
  t.equal(text(responder({ type: 'upper', strip: false })(' x\n')), ' X\n');
});

t.test('reply: fixed in every form, templated, delayed', async (t) => {
  t.equal(text(responder({ type: 'reply', text: '{{n}}' })('q')), '{{n}}', 'no template unless asked for');
  t.equal(text(responder({ type: 'reply', hex: '00 ff' })('q')), '\x00\xff');
  t.equal(text(responder({ type: 'reply', base64: 'AP8=' })('q')), '\x00\xff');
  t.equal(text(responder({ type: 'reply', json: { a: [1] } })('q')), '{"a":[1]}');
  t.equal(text(responder({ type: 'reply', text: '<{{text}}>', template: true })('q')), '<q>');
  const payload = Uint8Array.from(Buffer.from('later'));
  t.same(responder({ type: 'reply', text: 'later', delay: '50ms' })('q'), [
    { do: 'delay', ms: 50 },
    { do: 'send', payload },
  ]);
  t.same(responder({ type: 'reply', text: 'later', delay: 2000 })('q'), [
    { do: 'delay', ms: 2000 },
    { do: 'send', payload },
  ]);
});

t.test('times counts over all bindings, and from when the responder came', async (t) => {
  const memory = createCounters(2);
  const [one, two] = [0, 1].map((place) => new BindingCounters(memory, place)) as [BindingCounters, BindingCounters];
  const spec = { type: 'reply', text: 'x', times: 3 } as const;
  const first = responder(spec, one);
  const second = responder(spec, two);
  t.same([first('q'), second('q'), first('q'), second('q'), first('q')].map(text), ['x', 'x', 'x', null, null]);
  const next = responder(spec, one, one.taken('reply'));
  t.same([next('q'), next('q'), next('q'), next('q')].map(text), ['x', 'x', 'x', null]);
});
