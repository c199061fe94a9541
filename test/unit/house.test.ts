/** The house plan: who may import whom. Reads the import statements of the sources; nothing is run. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

type Import = { from: string; to: string; typeOnly: boolean };

/** Places whose code runs in worker threads or the journal thread. */
const THREAD_SIDE = [
  'src/workers/worker.ts',
  'src/workers/host.ts',
  'src/workers/recorder.ts',
  'src/transports/',
  'src/framing/',
  'src/responders/',
  'src/journal/thread.ts',
];

/** [who, may not import, why]. Prefixes of paths, or package names. */
const RULES: [who: string[], forbidden: string[], why: string][] = [
  [
    THREAD_SIDE,
    ['fastify', '@fastify/', 'src/config.ts', 'src/listeners/', 'src/app.ts', 'src/server.ts', 'routes/', 'src/http/'],
    'thread-side files know neither HTTP, nor the configuration, nor the registry',
  ],
  [
    ['routes/'],
    [
      'src/workers/',
      'src/transports/',
      'src/listeners/',
      'src/sends/',
      'src/server.ts',
      'node:net',
      'node:dgram',
      'node:sqlite',
      'node:worker_threads',
    ],
    'routes see the domain only through what app decorates',
  ],
  [
    ['src/schemas/'],
    ['fastify', '@fastify/', 'src/listeners/', 'src/workers/', 'src/journal/', 'routes/', 'node:'],
    'schemas import only TypeBox',
  ],
  [
    ['src/journal/'],
    ['src/listeners/', 'src/workers/pool', 'src/sends/sends', 'routes/', 'fastify'],
    'the journal knows only records',
  ],
  [
    ['src/listeners/', 'src/sends/'],
    ['fastify', '@fastify/', 'routes/', 'src/http/', 'src/app.ts'],
    'the domain knows no HTTP',
  ],
  [
    ['src/client/'],
    ['src/listeners/', 'src/workers/', 'src/journal/', 'src/http/', 'fastify'],
    'the client speaks HTTP only',
  ],
  [['src/', 'routes/'], ['src/server.ts', 'src/cli/main.ts'], 'nobody imports the process'],
];

/** Type-only imports may look across: they leave no trace at run time. The command line starts the process; so may the client's start(). */
const EXEMPT = ['src/cli/', 'src/client/start'];

t.test('imports follow the house plan', async (t) => {
  const imports = [...sources('src'), ...sources('routes')].flatMap(importsOf).filter((entry) => !entry.typeOnly);
  t.ok(imports.length > 50, 'the sources were found');
  const wrong = RULES.flatMap(([who, forbidden, why]) =>
    imports
      .filter(({ from, to }) => starts(from, who) && starts(to, forbidden) && !starts(from, EXEMPT))
      .map(({ from, to }) => `${from} imports ${to}: ${why}`),
  );
  t.same(wrong, []);
});

t.test('no module of the sources is without a reader', async (t) => {
  const entries = [
    'src/cli/',
    'src/server.ts',
    'src/app.ts',
    'src/workers/worker.ts',
    'src/journal/thread.ts',
    'src/client/',
    'routes/index.ts',
  ];
  const files = [...sources('src'), ...sources('routes')];
  const read = new Set(files.flatMap(importsOf).map(({ to }) => to));
  const started = new Set(files.flatMap(threadEntries));
  t.same(
    files.filter((file) => !read.has(file) && !started.has(file) && !starts(file, entries)),
    [],
  );
});

function starts(path: string, prefixes: string[]): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix));
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^'"]*?(?:from\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...found].map((match) => {
    const target = match[2] ?? match[3] ?? '';
    const to = target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
    return { from: file, to, typeOnly: match[1] !== undefined };
  });
}

/** Files a source starts as a thread: `new URL('../thread.js', import.meta.url)`. */
function threadEntries(file: string): string[] {
  const found = readFileSync(file, 'utf8').matchAll(/new URL\(\s*['"](\.[^'"]+)\.js['"]/g);
  return [...found].map((match) => `${normalize(join(dirname(file), match[1]!))}.ts`);
}
