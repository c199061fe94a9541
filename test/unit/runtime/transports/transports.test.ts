import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { TRANSPORTS, transportOf } from '../../../../src/runtime/transports/transports.ts';
import { bindingSpec } from '../../workers/rig.ts';

t.setTimeout(120_000);

t.test('a protocol has one transport, under its own name', async (t) => {
  for (const [protocol, { name }] of Object.entries(TRANSPORTS)) t.equal(name, protocol);
  t.equal(transportOf(bindingSpec({ protocol: 'tcp' })), TRANSPORTS.tcp);
  t.equal(transportOf(bindingSpec()), TRANSPORTS.udp);
});

t.test('the main thread opens sockets without loading what threads serve them with', async (t) => {
  const loaded = staticImports('src/runtime/transports/transports.ts');
  t.ok(loaded.has('src/runtime/native/sockets.ts'), 'it opens sockets');
  t.same(
    [...loaded].filter((file) => /\/(pipeline|framing|transmit)\/|recorder|binding/.test(file)),
    [],
  );
});

/** The files that are loaded with one, dynamic imports and types apart. */
function staticImports(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)';/gm)) {
    staticImports(join(dirname(file), path!), seen);
  }
  return seen;
}
