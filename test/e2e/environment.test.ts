/** Environments that are not made for this program. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cliFor } from '../support/cli.ts';
import { run, startProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { betweenLooks } from '../support/waiting.ts';

t.setTimeout(120_000);

/** What Kubernetes sets beside a Service called listenpost. */
const SERVICE_LINKS = {
  LISTENPOST_SERVICE_HOST: '10.96.0.17',
  LISTENPOST_SERVICE_PORT: '8080',
  LISTENPOST_SERVICE_PORT_HTTP: '8080',
  LISTENPOST_PORT: 'tcp://10.96.0.17:8080',
  LISTENPOST_PORT_8080_TCP: 'tcp://10.96.0.17:8080',
  LISTENPOST_PORT_8080_TCP_PROTO: 'tcp',
  LISTENPOST_PORT_8080_TCP_PORT: '8080',
  LISTENPOST_PORT_8080_TCP_ADDR: '10.96.0.17',
};

t.test('variables of a Service in Kubernetes are ignored, with a line', async (t) => {
  const folder = temporaryDirectory(t, { 'listenpost.yaml': 'settings: { port: 0 }' });
  const urlFile = join(folder, 'url');
  const env = { ...SERVICE_LINKS, LISTENPOST_URL_FILE: urlFile };
  const service = await startProcess(t, ['--config', join(folder, 'listenpost.yaml')], env, []);
  t.match(
    service.child.stdout,
    /LISTENPOST_PORT=tcp:\/\/10\.96\.0\.17:8080 is .* ignored, like .*LISTENPOST_SERVICE_HOST/,
  );

  while (!existsSync(urlFile)) await betweenLooks(10);
  t.equal(readFileSync(urlFile, 'utf8'), `${service.url}\n`, 'it is there whole or not at all');
  const { LISTENPOST_PORT } = SERVICE_LINKS;
  const cli = cliFor(t, { url: '' });
  t.match(
    await cli.run(['healthcheck', '--wait', '10s'], { env: { ...env, LISTENPOST_PORT } }),
    { code: 0, stderr: '' },
    'the other commands find it, whatever its port',
  );
  await service.stop();
  t.notOk(existsSync(urlFile), 'its end takes the file away');
});

t.test('what is meant for us and wrong still ends the start', async (t) => {
  t.match(await run(t, ['serve'], { LISTENPOST_PORT: 'http' }), { code: 2, stderr: /LISTENPOST_PORT.*whole number/ });
});

t.test('a file for the URL that can not be written is told, and no reason not to start', async (t) => {
  const service = await startProcess(t, ['--url-file', '/nowhere/url']);
  await service.child.line(/--url-file \/nowhere\/url: ENOENT/);
  t.equal((await service.get('/readyz')).status, 200);
});
