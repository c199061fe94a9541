/** The plan of the house: rooms and files without a circle, and who may import whom. Reads the import statements of the sources, those of types too; nothing is run. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

type Import = { from: string; to: string };
type Graph = Map<string, Set<string>>;

/** [who, may not import, why]. Prefixes of paths, or package names. Imports of types count. */
const RULES: [who: string[], forbidden: string[], why: string][] = [
  [
    ['src/runtime/', 'src/journal/'],
    ['fastify', '@fastify/', 'src/http/', 'routes/', 'src/app.ts', 'src/config/', 'src/listeners/', 'src/sends/'],
    'what runs in threads knows neither HTTP, nor the configuration, nor the registry',
  ],
  [
    ['routes/'],
    [
      'src/workers/',
      'src/runtime/',
      'src/journal/',
      'src/listeners/',
      'src/sends/',
      'src/rpc/',
      'node:net',
      'node:dgram',
      'node:sqlite',
      'node:worker_threads',
    ],
    'routes see the domain only through what app decorates',
  ],
  [
    ['src/listeners/', 'src/sends/', 'src/verifications/', 'src/matching/'],
    ['fastify', '@fastify/', 'routes/', 'src/http/', 'src/app.ts'],
    'the domain knows no HTTP',
  ],
  [['src/', 'routes/'], ['src/cli/main.ts'], 'nobody imports the process'],
];

/** [who, may import only these]. */
const ONLY: [who: string[], allowed: string[], why: string][] = [
  [['src/schemas/'], ['src/schemas/', '@sinclair/typebox'], 'schemas import only TypeBox'],
  [['src/domain.ts'], ['src/schemas/'], 'the seam imports only the contract'],
  [['src/errors.ts', 'src/nearest.ts', 'src/version.ts'], ['node:'], 'leaves import nothing of the house'],
];

/** What the client may import of the service: what is in its requests and responses. It starts the service in start.ts alone. */
const CLIENT_ALLOWED = ['src/client/', 'src/schemas/', 'src/json/', 'src/errors.ts', '@sinclair/typebox'];
const CLIENT_START = ['src/client/start', 'src/client/own-node.ts', 'src/client/node.ts', 'src/client/testing.ts'];

/** Words that once stood for what has a name in the field. */
const PRIVATE_WORDS = new Set(
  `Crew Crews Roster Tally Counts CountSaver Memory Book Ledger Latest Hole Desk Host Intake Arrivals Heads Survey Changes
  Undo Fresh Refusals Bounds Reclaim Room Claim Gate Companion Place Pull Pulls Pulled Walk Walks Track Reach Harvest
  Slices Sleeper Ward Caller Exchange Conversation Serving Turns Answer Answers Step Seat Bell Gear Tempo Station Outlet
  Outbox Voice ReplyGate ReplyWatch converge converse dial breathe keepIn keepOut carryOut tell PATIENCE PAUSE LINGER
  SPARE FAREWELL`.split(/\s+/),
);

const FILES = [...sources('src'), ...sources('routes')];
const IMPORTS = FILES.flatMap(importsOf);

t.test('the rooms import each other in no circle', async (t) => {
  t.ok(IMPORTS.length > 500, 'the sources were found');
  t.same(circles(graphOf(IMPORTS, roomOf)), []);
});

for (const house of ['src/runtime']) {
  t.test(`nor do the rooms of ${house}`, async (t) => {
    const inside = IMPORTS.filter(({ from, to }) => starts(from, [`${house}/`]) && starts(to, [`${house}/`]));
    t.ok(inside.length > 50, 'its sources were found');
    t.same(circles(graphOf(inside, (file) => file.slice(house.length + 1).split('/')[0]!)), []);
  });
}

t.test('the files import each other in no circle, types included', async (t) => {
  t.same(circles(graphOf(IMPORTS, (file) => file)), []);
});

t.test('a thread loads nothing at its start that only the HTTP side needs', async (t) => {
  for (const entry of [
    'runtime/worker',
    'runtime/native/poller-thread',
    'journal/thread/thread',
    'journal/reader/reader-thread',
    'journal/store/sqlite/checkpoint-thread',
  ]) {
    const loaded = loadedBy(`dist/src/${entry}.js`);
    t.ok(loaded.has('node:worker_threads'), `${entry} was found`);
    const heavy = [...loaded].filter((name) =>
      starts(name, ['@sinclair/', 'fastify', '@fastify/', 'ajv', 'pino', 'yaml', 'commander']),
    );
    t.same(heavy, [], entry);
  }
});

t.test('no exported name is a word that only we would know', async (t) => {
  const declaration = /^export (?:abstract )?(?:async )?(?:const|let|function\*?|class|type|interface) (\w+)/gm;
  const exported = FILES.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(declaration)].map(([, name]) => name!),
  );
  t.ok(exported.length > 500, 'the names were found');
  t.same(
    exported.filter((name) => PRIVATE_WORDS.has(name)),
    [],
  );
});

t.test('the search for circles finds them', async (t) => {
  const edges = ['a b', 'b c', 'c a', 'c d', 'd e', 'e d', 'f a', 'g g'].map((edge) => edge.split(' '));
  const graph = graphOf(
    edges.map(([from, to]) => ({ from: from!, to: to! })),
    (name) => name,
  );
  t.same(circles(graph), [
    ['a', 'b', 'c'],
    ['d', 'e'],
  ]);
});

t.test('imports follow the plan', async (t) => {
  const forbidden = RULES.flatMap(([who, targets, why]) =>
    IMPORTS.filter(({ from, to }) => starts(from, who) && starts(to, targets)).map(told(why)),
  );
  const beyond = ONLY.flatMap(([who, allowed, why]) =>
    IMPORTS.filter(({ from, to }) => starts(from, who) && !starts(to, allowed)).map(told(why)),
  );
  const client = IMPORTS.filter(({ from }) => starts(from, ['src/client/']) && !starts(from, CLIENT_START));
  const notHttp = client.filter(({ to }) => !starts(to, CLIENT_ALLOWED)).map(told('the client speaks HTTP only'));
  t.same([...forbidden, ...beyond, ...notHttp], []);
});

t.test('only the command line and the start of the client know the server', async (t) => {
  const users = IMPORTS.filter(({ to }) => to === 'src/server.ts').map(({ from }) => from);
  t.same(
    users.filter((from) => !starts(from, ['src/cli/', 'src/client/start'])),
    [],
  );
});

t.test('files have names in kebab-case', async (t) => {
  t.same(
    FILES.filter((file) => !/^[a-z\d]+(-[a-z\d]+)*\.ts$/.test(file.split('/').at(-1)!)),
    [],
  );
});

t.test('no module of the sources is without a reader', async (t) => {
  const entries = ['src/cli/main.ts', 'src/app.ts', 'src/client/', 'routes/index.ts'];
  const read = new Set(IMPORTS.map(({ to }) => to));
  const started = new Set(FILES.flatMap(threadEntries));
  t.same(
    FILES.filter((file) => !read.has(file) && !started.has(file) && !starts(file, entries)),
    [],
  );
});

function told(why: string): (found: Import) => string {
  return ({ from, to }) => `${from} imports ${to}: ${why}`;
}

/** The first folder below src, a file that lies in src itself, or `routes`. */
function roomOf(file: string): string {
  return file.startsWith('routes/') ? 'routes' : file.split('/')[1]!;
}

/** Who imports whom, without what comes from packages and what stays in one room. */
function graphOf(imports: readonly Import[], room: (file: string) => string): Graph {
  const graph: Graph = new Map();
  for (const { from, to } of imports) {
    if (to.startsWith('node:') || !(to.endsWith('.ts') || room(to) === to)) continue;
    if (room(from) === room(to)) continue;
    graph.set(room(from), (graph.get(room(from)) ?? new Set()).add(room(to)));
  }
  return graph;
}

/** The sets of rooms that reach each other, sorted. */
function circles(graph: Graph): string[][] {
  const reach = new Map([...graph.keys()].map((room) => [room, reachable(graph, room)]));
  const found = [...graph.keys()]
    .filter((room) => reach.get(room)!.has(room))
    .map((room) => [...reach.get(room)!].filter((other) => reach.get(other)?.has(room)).sort());
  return [...new Map(found.map((circle) => [circle.join(), circle])).values()].sort();
}

function reachable(graph: Graph, start: string): Set<string> {
  const seen = new Set<string>();
  const open = [...(graph.get(start) ?? [])];
  for (let room = open.pop(); room !== undefined; room = open.pop()) {
    if (seen.has(room)) continue;
    seen.add(room);
    open.push(...(graph.get(room) ?? []));
  }
  return seen;
}

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
    /^(?:import|export)\s[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\(\s*'([^']+)'/gm,
  );
  return [...found].map((match) => {
    const target = match[1] ?? match[2] ?? match[3] ?? '';
    const to = target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
    return { from: file, to };
  });
}

/** Files a source starts as a thread: `new URL('../thread.js', import.meta.url)`. */
function threadEntries(file: string): string[] {
  const found = readFileSync(file, 'utf8').matchAll(/new URL\(\s*['"](\.[^'"]+)\.js['"]/g);
  return [...found].map((match) => `${normalize(join(dirname(file), match[1]!))}.ts`);
}

/** What the compiled file imports, and what that does, but for imports made later; packages by their name. */
function loadedBy(file: string, loaded: Set<string> = new Set()): Set<string> {
  loaded.add(file);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) [^'"()]*?['"]([^'"]+)['"]/gm)) {
    const target = name!.startsWith('.') ? normalize(join(dirname(file), name!)) : name!;
    if (loaded.has(target)) continue;
    if (name!.startsWith('.')) loadedBy(target, loaded);
    else loaded.add(target);
  }
  return loaded;
}
