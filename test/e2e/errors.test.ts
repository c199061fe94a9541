/**
 * Mistakes of the program itself, made by a preloaded module: what a payload says is thrown in every thread that looks at
 * it. Whoever asked is told, the log says which message it was, and the thread and everybody else go on.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { type Service, startProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

t.setTimeout(120_000);

/** A function of a module of Node's that throws once it is given this payload. */
function clumsy(module: string, name: string): { NODE_OPTIONS: string } {
  const source = `
    import module from '${module}';
    import { syncBuiltinESMExports } from 'node:module';
    const { ${name}: real } = module;
    module.${name} = (bytes, ...rest) => {
      if (Buffer.from(bytes).includes('boom')) throw new TypeError('clumsy');
      return real(bytes, ...rest);
    };
    syncBuiltinESMExports();
  `;
  const preload = `--import data:text/javascript,${encodeURIComponent(source)}`;
  return { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${preload}` };
}

/** Templates call crc32 in the worker threads, regular expressions isUtf8 in the journal's threads. */
const inTemplates = clumsy('node:zlib', 'crc32');
const inFilters = clumsy('node:buffer', 'isUtf8');
const responder = { type: 'reply', text: '{{crc32 text}}', template: true };
/** crc32 of `fine`. */
const FINE = 'bea95492';

t.test('a responder that throws costs one answer', async (t) => {
  for (const engine of ['auto', 'dgram']) {
    const service = await startProcess(t, ['--threads', '1', '--engine', engine], inTemplates);
    for (const spec of [{}, { concurrency: 'sequential' }, { responder: { ...responder, delay: '1ms' } }]) {
      const { body } = await service.post('/v1/listeners', { protocol: 'udp', responder, ...spec });
      t.equal(await askUdp(body.address.port, ['boom', 'fine']), FINE);
      await isTold(service, body.id);
    }
    const { body } = await service.post('/v1/listeners', {
      protocol: 'tcp',
      responder,
      tcp: { framing: { type: 'line' } },
    });
    t.equal(await askTcp(body.address.port, 'boom\nfine\n'), `${FINE}\n`);
    await isTold(service, body.id);
    t.match((await service.get('/v1/workers')).body.pools[0].threads, [{ restarts: 0 }]);
    t.equal((await service.stop()).code, 0);
  }

  /** The counter, the record and the line of the log. */
  async function isTold(service: Service, id: string): Promise<void> {
    const path = `/v1/listeners/${id}`;
    const { body } = await service.until(`${path}/messages?kind=problem`, ({ body }) => body.items.length > 0);
    t.match(body.items, [{ code: 'internal', detail: /^message 1 could not be served.*clumsy/ }]);
    t.equal((await service.get(path)).body.stats.internalErrors, 1);
    const line = JSON.parse(await service.child.line(new RegExp(`"listener":"${id}"`)));
    t.match(line, { level: 50, listener: id, seq: 1, stack: /TypeError: clumsy/ });
  }
});

t.test('a filter that throws costs one answer', async (t) => {
  const service = await startProcess(t, ['--threads', '1', '--data', temporaryDirectory(t)], inFilters);
  const { body } = await service.post('/v1/listeners', { protocol: 'udp', name: 'u' });
  const messages = '/v1/listeners/u/messages';
  const asleep = [
    service.get(`${messages}?regex=z&wait=30s`),
    service.get(`/v1/messages?regex=z&wait=30s`),
    service.get(`${messages}?text=fine&wait=30s`),
  ];
  await service.until('/metrics', ({ body }) => /^listenpost_journal_waits 3$/m.test(body));
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  for (const text of ['boom', 'fine']) socket.send(text, body.address.port, '127.0.0.1');
  const [one, all, fine] = await Promise.all(asleep);
  t.match([one?.status, one?.body.code], [500, 'internal']);
  t.match([all?.status, all?.body.code], [500, 'internal']);
  t.match([fine?.status, fine?.body.satisfied], [200, true]);
  for (const query of ['?regex=z', '?regex=z&wait=1ms', '.ndjson?regex=z', '.pcapng?regex=z']) {
    t.equal((await service.get(messages + query)).status, 500, query);
  }
  t.equal((await service.get(`${messages}?text=fine`)).body.items.length, 1);
  const { body: metrics } = await service.get('/metrics');
  t.match(metrics, /^listenpost_journal_internal_errors_total [5-9]$/m);
  const { code, stderr } = await service.stop();
  t.equal(code, 0);
  t.match(stderr, new RegExp(`journal: listener ${body.id}, after seq 0: TypeError: clumsy`));
});

/** Sends all at once; answers the reply to the last one. */
async function askUdp(port: number, texts: string[]): Promise<string> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const replies: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on('message', (reply) => {
    replies.push(reply.toString());
    if (replies.length === texts.length - 1) resolve(replies.at(-1)!);
  });
  for (const text of texts) socket.send(text, port, '127.0.0.1');
  return promise.finally(() => socket.close());
}

async function askTcp(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(text);
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
