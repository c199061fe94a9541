/** Jest with its defaults: CommonJS, which loads the client by `require`. */
import t from 'tap';
import { projectWith, runIn, skip } from './project.ts';

const TEST = `
const { createSocket } = require('node:dgram');
const { WaitError } = require('listenpost/client');
const { useListenpost } = require('listenpost/client/test');

const lp = useListenpost({ beforeAll, afterAll, beforeEach, afterEach }, { start: { threads: 1 } });

test('a counter comes', async () => {
  const statsd = await lp.listen({ protocol: 'udp' });
  const socket = createSocket('udp4');
  socket.send('logins:1|c', statsd.port, '127.0.0.1', () => socket.close());
  expect((await statsd.waitFor({ text: 'logins' })).text).toBe('logins:1|c');
});

test('errors are the classes that the client names', async () => {
  const statsd = await lp.listen({ protocol: 'udp' });
  await expect(statsd.waitFor({ timeout: 10 })).rejects.toThrow(WaitError);
});
`;

t.test('jest', { skip }, async (t) => {
  const project = projectWith(t, { 'package.json': '{}', 'statsd.test.js': TEST });
  const { code, output } = await runIn(project, 'jest/bin/jest.js', ['--ci']);
  t.equal(code, 0, output);
  t.match(output, /Tests: +2 passed, 2 total/);
  t.notMatch(output, /did not exit/, 'nothing is left open');
});

const PROGRAM = `
import { start } from 'listenpost/client';
import { useListenpost, type Listenpost } from 'listenpost/client/test';

export async function port(): Promise<number> {
  const service = await start({ threads: 1 });
  return (await service.listen({ protocol: 'udp' })).port;
}
export const use: (hooks: Parameters<typeof useListenpost>[0]) => Listenpost = useListenpost;
`;

t.test('the types are there for TypeScript in CommonJS, of an older kind too', { skip }, async (t) => {
  const compilerOptions = { strict: true, module: 'node16', target: 'es2022', skipLibCheck: true, types: [] };
  const project = projectWith(t, {
    'package.json': '{ "type": "commonjs" }',
    'program.ts': PROGRAM,
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['program.ts'] }),
  });
  t.strictSame(await runIn(project, 'typescript/bin/tsc', ['--noEmit', '-p', '.']), { code: 0, output: '' });
});
