/** Clients generated from openapi.json, with the defaults of the generators: their types ask for what the service asks for. */
import { join } from 'node:path';
import t from 'tap';
import { projectWith, ROOT, runIn, skip } from './project.ts';

const DOCUMENT = join(ROOT, 'openapi/openapi.json');
const compilerOptions = {
  strict: true,
  module: 'esnext',
  moduleResolution: 'bundler',
  allowImportingTsExtensions: true,
  noEmit: true,
  target: 'es2022',
  lib: ['es2022', 'dom', 'dom.iterable'],
  skipLibCheck: true,
  types: [],
};
const COMPILES = { code: 0, output: '' };

const TYPES = `
import type { components, paths } from './api.ts';

type Schemas = components['schemas'];
type Body<P extends 'post'> = { [K in keyof paths]: paths[K] extends { [M in P]: { requestBody: { content: { 'application/json': infer B } } } } ? B : never };

export const listener: Schemas['ListenerSpec'] = { protocol: 'udp' };
export const answering: Body<'post'>['/v1/listeners'] = { protocol: 'tcp', responder: { type: 'reply', text: 'ok' } };
export const send: Schemas['SendRequest'] = { protocol: 'udp', to: { listener: 'statsd' }, text: 'hola', expectReply: {} };
export const verification: Schemas['Verification'] = { match: { text: { contains: 'hola' } }, count: { exactly: 1 } };
export const port = ({ address }: Schemas['Listener']): number | undefined => address?.port;
// @ts-expect-error: a listener has a protocol
export const none: Schemas['ListenerSpec'] = {};
`;

t.test('openapi-typescript', { skip }, async (t) => {
  const project = projectWith(t, {
    'package.json': '{ "type": "module" }',
    'program.ts': TYPES,
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['program.ts'] }),
  });
  const made = await runIn(project, 'openapi-typescript/bin/cli.js', [DOCUMENT, '-o', 'api.ts']);
  t.equal(made.code, 0, made.output);
  t.strictSame(await runIn(project, 'typescript/bin/tsc', ['-p', '.']), COMPILES);
});

const PROGRAM = `
import { start } from 'listenpost/client';
import { handle, ok } from '@oazapfts/runtime';
import { createListener, createSend, defaults, listListeners } from './api.ts';

const service = await start({ threads: 1 });
defaults.baseUrl = service.url;
const { id, state } = await ok(createListener({ protocol: 'udp', responder: { type: 'upper' } }));
const { replies } = await ok(createSend({ protocol: 'udp', to: { listener: id }, text: 'hola', expectReply: {} }));
const refused: number = await handle(createListener({ protocol: 'udp', name: '' }), { default: (status) => status ?? 0 });
console.log(state, replies[0]?.text, (await ok(listListeners())).items.length, refused);
await service.close();
`;

t.test('oazapfts', { skip }, async (t) => {
  const project = projectWith(t, {
    'package.json': '{ "type": "module" }',
    'program.ts': PROGRAM,
    'tsconfig.json': JSON.stringify({
      compilerOptions: { ...compilerOptions, lib: [...compilerOptions.lib, 'esnext.disposable'] },
      files: ['program.ts'],
    }),
  });
  const made = await runIn(project, 'oazapfts/dist/cli.js', [DOCUMENT, 'api.ts']);
  t.equal(made.code, 0, made.output);
  t.strictSame(await runIn(project, 'typescript/bin/tsc', ['-p', '.']), COMPILES);
  t.strictSame(await runIn(project, join(project, 'program.ts'), []), { code: 0, output: 'listening HOLA 1 400\n' });
});
