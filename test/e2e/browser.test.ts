/** In a real browser: what a page of another origin can read of this service, by every way of embedding it. Nothing. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Service, startProcess } from '../support/process.ts';

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find(isThere);
const skip = CHROMIUM === undefined && 'Chromium is not there (Debian: apt-get install chromium)';
type Report = Record<string, string>;
/** What a page finds out: everything failed. */
const NOTHING: Report = {
  script: 'error',
  stolen: 'undefined',
  image: 'error',
  style: 'error',
  nocors: 'blocked',
  cors: 'blocked',
  frame: 'shut',
};

t.setTimeout(120_000);

t.test('pages elsewhere read nothing; a link from them leads to our own page, which works', { skip }, async (t) => {
  const service = await startProcess(t, ['--threads', '1', '--max-threads', '1', '--log-level', 'debug']);
  await capture(service, 'window.stolen = "the secret"; document.title = window.stolen');
  const reports = await visit(t, service.url);
  t.same(reports, { localhost: NOTHING, '127.0.0.1': NOTHING });
  t.equal((await service.get('/v1/listeners/box')).body.unread, 1, 'nothing counts as read by it');
  await service.child.line(/"route":"\/docs\/json","status":200/);
  t.notMatch(service.child.stdout, /"route":"\/docs[^"]*","status":4/);
});

/** One message, whose payload is a script. */
async function capture(service: Service, text: string): Promise<void> {
  await service.post('/v1/listeners', { protocol: 'udp', name: 'box' });
  await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'box' }, text });
  await service.until('/v1/listeners/box', ({ body }) => body.stats.captured === 1);
}

/** Embeds the captured payload in each way there is, reports what came of it, and goes on to the next page. */
function embeddingPage(target: string, next: string): string {
  const payload = `${target}/v1/listeners/box/messages/1/payload`;
  return `<!doctype html><title>elsewhere</title><body><script type="module">
    const found = {};
    const load = (name, element, attribute) => new Promise((resolve) => {
      const note = (what) => { found[name] ??= what; resolve(); };
      for (const what of ['load', 'error']) element.addEventListener(what, () => note(what));
      setTimeout(note, 3000, 'nothing');
      element[attribute] = '${payload}';
      document.body.append(element);
    });
    const read = async (name, mode) => {
      found[name] = await fetch('${payload}', { mode }).then(({ type }) => type, () => 'blocked');
    };
    const frame = async () => {
      const element = document.createElement('iframe');
      await load('frame', element, 'src');
      try { found.frame = element.contentDocument === null ? 'shut' : 'open'; } catch { found.frame = 'shut'; }
    };
    await load('script', document.createElement('script'), 'src');
    found.stolen = String(window.stolen);
    await load('image', new Image(), 'src');
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    await load('style', link, 'href');
    await read('nocors', 'no-cors');
    await read('cors', 'cors');
    await frame();
    await fetch('/report', { method: 'POST', body: JSON.stringify(found) });
    location = '${next}';
  </script>`;
}

/** Leads the browser over pages at two names of this machine, another site and the same, to our documentation. */
async function visit(t: Test, target: string): Promise<Record<string, Report>> {
  const reports: Record<string, Report> = {};
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const name = new URL(`http://${request.headers.host}`).hostname;
    if (request.method === 'POST') reports[name] = JSON.parse(await bodyOf(request));
    if (Object.keys(reports).length === 2) resolve();
    const next = name === 'localhost' ? at('127.0.0.1') : `${target}/docs/`;
    response.writeHead(200, { 'content-type': 'text/html' }).end(embeddingPage(target, next));
  });
  const at = (name: string) => `http://${name}:${(server.address() as AddressInfo).port}/`;
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => server.close());
  open(t, at('localhost'), reject);
  await promise;
  return reports;
}

function open(t: Test, url: string, onEnd: (error: Error) => void): void {
  const profile = mkdtempSync(join(tmpdir(), 'listenpost-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const quiet = ['--disable-background-networking', '--disable-sync', '--disable-component-update'];
  const args = [...flags, ...quiet, '--remote-debugging-port=0', `--user-data-dir=${profile}`, url];
  const browser = spawn(CHROMIUM!, args, { stdio: 'ignore', env: { ...process.env, NODE_OPTIONS: '' } });
  const ended = new Promise<void>((resolve) => browser.once('exit', () => resolve()));
  browser.once('exit', (code) => onEnd(new Error(`the browser ended with ${code}`)));
  t.teardown(async () => {
    browser.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

function isThere(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
