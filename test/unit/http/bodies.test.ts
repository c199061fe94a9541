/** Bodies over a real connection: refused ones are read to their end, packed ones told as such, empty ones need no type. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { discardBody } from '../../../src/http/discard.ts';
import { listeningApp } from '../../support/fake/app.ts';

const MIB = 1024 ** 2;
const JSON_TYPE = { 'content-type': 'application/json' };

t.test('a body that is refused is read to its end: fetch sees the answer, and the connection stays', async (t) => {
  const { url } = await listeningApp(t, { bodyLimit: MIB });
  const post = (body: Uint8Array<ArrayBuffer> | ReadableStream, headers: Record<string, string>) =>
    fetch(`${url}/v1/listeners`, { method: 'POST', body, headers, ...({ duplex: 'half' } as object) });
  for (const body of [Buffer.alloc(20 * MIB), slowly(Buffer.alloc(MIB), 20)]) {
    const answer = await post(body, JSON_TYPE);
    t.equal(answer.status, 413);
    t.not(answer.headers.get('connection'), 'close');
    t.match(await answer.json(), { code: 'payload_too_large', detail: 'The body may have 1 MiB at most.' });
  }
  t.equal((await post(Buffer.alloc(20 * MIB), { 'content-type': 'text/plain' })).status, 415);
  t.equal((await post(slowly(Buffer.alloc(MIB), 20), { ...JSON_TYPE, 'content-encoding': 'br' })).status, 415);
});

t.test('the limit that is named is the one of the path', async (t) => {
  const { url } = await listeningApp(t);
  const answer = await fetch(`${url}/v1/sends/import?to=x`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.alloc(64 * MIB + 1),
  });
  t.match(await answer.json(), { status: 413, detail: /64 MiB/ });
});

t.test('what is read for nothing has bounds', async (t) => {
  t.equal(await discarding(t, { largest: 1000, timeoutMs: 60_000 }, 'x'.repeat(2000)), false, 'more than that');
  t.equal(await discarding(t, { largest: 1000, timeoutMs: 60_000 }, '', 1001), false, 'announced as more');
  t.equal(await discarding(t, { largest: 1000, timeoutMs: 20 }, 'x'), false, 'longer than that');
});

t.test('a packed body is told as such, and what is taken', async (t) => {
  const { url } = await listeningApp(t);
  const body = gzipSync('{"protocol":"udp"}');
  const post = (path: string, encoding: string) =>
    fetch(`${url}${path}`, { method: 'POST', body, headers: { ...JSON_TYPE, 'content-encoding': encoding } });
  const packed = await post('/v1/listeners', 'gzip');
  t.match([packed.status, packed.headers.get('accept-encoding')], [415, 'identity']);
  t.match(await packed.json(), { code: 'unsupported_media_type', detail: /^Content-Encoding gzip is not taken here/ });
  const file = await post('/v1/sends/import?to=x', 'br');
  t.match([file.status, file.headers.get('accept-encoding')], [415, 'gzip, identity']);
  t.equal((await post('/v1/reset', 'deflate')).status, 415);
  const plain = { ...JSON_TYPE, 'content-encoding': 'identity' };
  const taken = await fetch(`${url}/v1/listeners`, { method: 'POST', body: '{"protocol":"udp"}', headers: plain });
  t.equal(taken.status, 201);
});

t.test('an empty chunked body needs no type where no field is required', async (t) => {
  const { url, registry } = await listeningApp(t);
  await registry.create({ protocol: 'udp', name: 'x' });
  const chunked = (line: string, body: string) => exchange(t, url, `${line}\r\ntransfer-encoding: chunked`, body);
  t.match(await chunked('DELETE /v1/listeners/x/messages', '0\r\n\r\n'), /^HTTP\/1\.1 200 /);
  t.match(await chunked('DELETE /v1/listeners/x', '0\r\n\r\n'), /^HTTP\/1\.1 204 /);
  t.match(await chunked('POST /v1/reset', '0\r\n\r\n'), /^HTTP\/1\.1 204 /);
  t.match(await chunked('POST /v1/listeners', '0\r\n\r\n'), /^HTTP\/1\.1 400 .*is missing; send JSON/s);
  t.match(await chunked('POST /v1/reset', '2\r\n{}\r\n0\r\n\r\n'), /^HTTP\/1\.1 415 /, 'one that is not empty');
  t.match(await chunked('POST /nowhere', '2\r\n{}\r\n0\r\n\r\n'), /^HTTP\/1\.1 404 /);
});

/** Chunks that come while the answer could already be there. */
function slowly(chunk: Uint8Array, times: number): ReadableStream<Uint8Array> {
  let left = times;
  return new ReadableStream({
    pull: (controller) => {
      if (left-- > 0) controller.enqueue(chunk);
      else controller.close();
    },
  });
}

/** What a server makes of the beginning of a body that never ends. */
async function discarding(t: Test, bounds: { largest: number; timeoutMs: number }, body: string, length = 1000) {
  const server = createServer();
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  const size = body.length > length ? 'transfer-encoding: chunked' : `content-length: ${length}`;
  const chunk = body.length > length ? `${body.length.toString(16)}\r\n${body}\r\n` : body;
  socket.write(`POST / HTTP/1.1\r\nhost: localhost\r\n${size}\r\n\r\n${chunk}`);
  const [request] = await once(server, 'request');
  return discardBody(request, bounds);
}

async function exchange(t: Test, url: string, start: string, body: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  const [line, ...headers] = start.split('\r\n');
  socket.setEncoding('utf8').write([`${line} HTTP/1.1`, 'host: localhost', ...headers, '', body].join('\r\n'));
  let text = '';
  while (!text.includes('\r\n\r\n')) text += (await once(socket, 'data'))[0];
  return text;
}
