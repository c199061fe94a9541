import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { PROBLEMS, ProblemError } from '../../../src/errors.ts';
import { ERRNO_CODES } from '../../../src/net/errno-codes.ts';
import { SendSchema } from '../../../src/schemas/send.ts';
import { SEND_ERRORS } from '../../../src/schemas/send-errors.ts';
import { failureCode, impossibility } from '../../../src/sends/failures.ts';
import type { SendOrder } from '../../../src/workers/protocol.ts';
import { errorsPage } from '../../../tools/docs/errors.ts';

t.setTimeout(120_000);

const order: SendOrder = {
  id: 's_0000000001',
  protocol: 'udp',
  to: { host: '127.0.0.1', port: 9 },
  local: null,
  parts: [],
  count: 1,
  interval: 0,
  duration: null,
  expectReply: null,
};

t.test('no errno name is ever the code of a send', async (t) => {
  for (const errno of Object.keys(constants.errno)) t.match(failureCode(errno), /^[a-z_]+$/, errno);
  t.equal(failureCode('no_reply'), 'no_reply');
  t.equal(failureCode('ERR_SOCKET_BAD_PORT'), 'internal', 'nor a name of the platform');
  t.equal(failureCode('constructor'), 'internal');
});

t.test('each code that a send may show is listed, in the reference and in the schema', async (t) => {
  const listed = new Set([...Object.keys(SEND_ERRORS), ...Object.keys(PROBLEMS)]);
  const written = [...codesIn('src/runtime/transmit'), ...codesIn('src/sends'), ...Object.values(ERRNO_CODES)];
  t.ok(written.includes('template_error') && written.includes('no_reply'), 'those in the sources were found');
  t.same(
    written.filter((code) => !listed.has(code)),
    [],
  );
  const page = errorsPage();
  for (const code of listed) t.ok(page.includes(`| \`${code}\` |`), `${code} is in the reference`);
  const { code } = SendSchema.properties.error.properties;
  for (const name of Object.keys(SEND_ERRORS)) t.ok(code.description!.includes(name), `${name} is in the schema`);
});

/** The codes that are written out in the sources of a folder. */
function codesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.flatMap((name) => {
    const source = readFileSync(join(folder, name), 'utf8');
    return [...source.matchAll(/\bcode(?::| =) '([a-z_]+)'|(?:ProblemError|WorkerError)\('([a-z_]+)'/g)].map(
      ([, plain, thrown]) => (plain ?? thrown)!,
    );
  });
}

t.test('what the local side lacks is a refusal, with the place that it is about', async (t) => {
  const refusal = (code: string, message: string, local: SendOrder['local'] = null) => {
    const error = impossibility({ ...order, local }, { error: { code, message }, sent: 0 });
    return error instanceof ProblemError ? `${error.code}: ${error.message}` : error;
  };
  t.match(refusal('EMFILE', 'socket EMFILE'), /^limit_reached: sending udp to 127.0.0.1:9 needs a file descriptor/);
  t.match(refusal('EADDRNOTAVAIL', 'connect EADDRNOTAVAIL'), /^limit_reached: .* local port/);
  const local = { host: '127.0.0.1', port: 80 };
  t.match(refusal('EACCES', 'bind EACCES 127.0.0.1:80', local), /^permission_denied: udp 127.0.0.1 port 80/);
  t.match(refusal('EACCES', 'connect EACCES', local), /^permission_denied: sending udp to 127.0.0.1:9/);
  t.match(refusal('EADDRINUSE', 'bind EADDRINUSE', local), /^port_in_use: udp 127.0.0.1 port 80/);
  t.equal(refusal('ECONNREFUSED', 'connect ECONNREFUSED'), null, 'the network says so');
  t.equal(impossibility(order, { error: { code: 'EMFILE', message: '' }, sent: 1 }), null, 'something left');
});
