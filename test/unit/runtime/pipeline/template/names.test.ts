import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { addressBytes } from '../../../../../src/net/address.ts';
import { Request } from '../../../../../src/runtime/pipeline/request.ts';
import { compileTemplate } from '../../../../../src/runtime/pipeline/template/compile.ts';
import { TemplateError } from '../../../../../src/runtime/pipeline/template/template-error.ts';

function exchange(payload: string | Uint8Array): Request {
  const made = new Request({ thread: 'shared-2', listener: 'statsd', localPort: 8125 });
  made.payload = Uint8Array.from(Buffer.from(payload as Uint8Array));
  made.n = 7;
  made.remote = addressBytes('127.0.0.1');
  made.remotePort = 4711;
  made.connection = 36;
  return made;
}

const fill = (template: string, payload: string | Uint8Array = 'Hi') =>
  Buffer.from(compileTemplate(template).render(exchange(payload))).toString();

t.test('every name of the contract', async (t) => {
  t.equal(fill('{{text}}'), 'Hi');
  t.equal(fill('{{ hex }} {{base64}} {{size}}'), '4869 SGk= 2');
  t.equal(fill('{{n}} {{thread}} {{listener}} {{connection}}'), '7 shared-2 statsd c_10');
  t.equal(fill('{{remote.address}}:{{remote.port}} {{local.port}}'), '127.0.0.1:4711 8125');
  t.equal(fill('{{upper text}} {{crc32 text}} {{upper thread}}', 'abc'), 'ABC 352441c2 SHARED-2');
  t.match(fill('{{now}}'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  t.ok(Math.abs(Date.parse(fill('{{now}}')) - Date.now()) < 5_000);
  t.match(fill('{{uuid}}'), /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  const thrown = new Set(Array.from({ length: 400 }, () => fill('{{random 1 6}}')));
  t.same([...thrown].sort(), ['1', '2', '3', '4', '5', '6']);
  t.equal(fill('{{random -3 -3}}'), '-3');
});

t.test('json takes what a pointer finds', async (t) => {
  const payload = JSON.stringify({ a: { b: 'text', 'x/y': [1, { z: null }] }, n: 1.5 });
  t.equal(fill('{{json /a/b}} {{json /n}} {{json /a/x~1y/0}} {{json /a/x~1y/1}}', payload), 'text 1.5 1 {"z":null}');
  t.equal(fill('[{{json /missing/deep}}]', payload), '[]');
  t.equal(fill('[{{json /a}}]', 'not json'), '[]');
  t.equal(fill('[{{json /toString}}]', payload), '[]', 'only members of its own');
});

t.test('an unknown name or a wrong argument is an error that names it', async (t) => {
  const wrong = ['nope', 'text extra', '', 'random', 'random 6 1', 'random 1 x', 'random 1 2 3', 'json', 'json a'];
  for (const inner of [...wrong, 'upper', 'upper nope', 'crc32 upper', '__proto__', 'constructor']) {
    const error = t.throws(() => compileTemplate(`a {{${inner}}} b`)) as unknown as TemplateError;
    t.ok(error instanceof TemplateError);
    t.equal(error.placeholder, inner);
    t.ok(error.message.includes(`{{${inner}}}`));
  }
});

t.test('braces without a partner are plain bytes', async (t) => {
  t.equal(fill('{"a":{"b":{{n}}}}'), '{"a":{"b":7}}');
  t.equal(fill('{ {{ {n} }}'), '{ {{ {n} }}');
  t.equal(compileTemplate('plain {text}').fixed, true);
  t.equal(compileTemplate('{{n}}').fixed, false);
});

t.test('bytes go through unchanged, in the literal and in the place', async (t) => {
  const any = fc.uint8Array({ maxLength: 50 });
  fc.assert(
    fc.property(any, any, any, (before, payload, after) => {
      fc.pre(!Buffer.concat([before, after]).includes('{') && !Buffer.concat([before, after]).includes('}'));
      const source = Buffer.concat([before, Buffer.from('{{text}}'), after]);
      const rendered = Buffer.from(compileTemplate(source).render(exchange(payload)));
      assert.deepEqual(rendered, Buffer.concat([before, payload, after]));
    }),
  );
  t.equal(fill('ñ {{text}} ✓', 'ü'), 'ñ ü ✓');
});
