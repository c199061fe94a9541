/**
 * Every command of the README and the documentation runs, and prints what its page shows. Each page meets a service of
 * its own; `127.0.0.1:8080` and the fixed ports of the pages are replaced by free ones.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import t, { type Test } from 'tap';
import { startProcess } from '../support/process.ts';
import { isShown } from './expectation.ts';
import { type Block, type Section, sectionsOf } from './markdown.ts';
import { type Run, runInOneShell } from './shell.ts';

/** Programs that a machine may lack. Without one, the rest of the section is left out. */
const TOOLS = ['curl', 'jq', 'nc', 'python3'];
/** Ports in pages: that of the lecture, and that of a second service. */
const PORTS = ['2323', '8081'];
/** Left in its output, it means that a command was not served. */
const PROBLEM = /"type":\s*"\/problems\//;

const pages = globSync(['README.md', 'docs/**/*.md']).sort();
t.jobs = 4;
t.setTimeout(120_000);

t.test('there are pages', async (t) => {
  t.ok(pages.length > 15, `${pages.length} pages`);
});

for (const page of pages) {
  const sections = sectionsOf(await readFile(page, 'utf8'));
  if (sections.length === 0) continue;
  t.test(page, async (t) => {
    for (const section of sections) await checkSection(t, page, section);
  });
}

async function checkSection(t: Test, page: string, { flags, blocks }: Section): Promise<void> {
  const runnable = blocks.filter(({ notRun }) => notRun === undefined);
  const wanting = runnable.findIndex(({ code }) => missingTool(code) !== undefined);
  const here = wanting === -1 ? runnable : runnable.slice(0, wanting);
  for (const { line } of runnable.slice(here.length)) t.pass(`${page}:${line}`, { skip: 'a tool is missing' });
  if (here.length === 0) return;
  const { url } = await startProcess(t, flags);
  const rewrite = rewriter(new URL(url).host, await Promise.all(PORTS.map(freePort)));
  const codes = here.map(({ code }) => rewrite(code));
  const runs = await runInOneShell(codes, environment(new URL(url)));
  for (const [i, block] of here.entries()) checkBlock(t, `${page}:${block.line}`, shownAs(block, rewrite), runs[i]);
}

function checkBlock(t: Test, place: string, { code, output }: Block, run: Run | undefined): void {
  if (run === undefined) return void t.fail(`${place} is reached`);
  const { exitCode, stdout, stderr } = run;
  t.equal(exitCode, 0, `${place} succeeds`, { code, stdout, stderr });
  if (exitCode !== 0) return;
  if (output === undefined) t.notOk(PROBLEM.test(stdout), `${place} is served`, { code, stdout });
  else t.ok(isShown(output, stdout), `${place} prints what is shown`, { code, shown: output.text, stdout, stderr });
}

function shownAs(block: Block, rewrite: (text: string) => string): Block {
  const { output } = block;
  return output === undefined ? block : { ...block, output: { ...output, text: rewrite(output.text) } };
}

function rewriter(address: string, ports: number[]): (text: string) => string {
  const real = new Map(PORTS.map((port, i) => [port, String(ports[i])]));
  const fixed = new RegExp(`\\b(${PORTS.join('|')})\\b`, 'g');
  return (text) =>
    text.replaceAll(/(127\.0\.0\.1|localhost):8080/g, address).replaceAll(fixed, (port) => real.get(port)!);
}

function missingTool(code: string): string | undefined {
  return TOOLS.find((tool) => new RegExp(`(^|[\\s|;&(])${tool}\\s`, 'm').test(code) && !isInstalled(tool));
}

function isInstalled(tool: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The reader's shell: plain text, and commands that find this service where they would find the one on port 8080. */
function environment({ port }: URL): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, LC_ALL: 'C.UTF-8', PYTHONUNBUFFERED: '1', LISTENPOST_PORT: port };
}

/** A port free for TCP, and so most likely for UDP, outside of those that systems give to clients. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
}
