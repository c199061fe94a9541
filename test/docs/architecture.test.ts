/** The map agrees with the code: every step of its walks is there, a create is short, and no room is left out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import t from 'tap';

const MAP = readFileSync('docs/architecture.md', 'utf8');

t.test('each step of the walks is a function of its file', async (t) => {
  const steps = stepsIn(MAP);
  t.ok(steps.length > 20, 'the walks were found');
  for (const { file, name } of steps) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    t.match(text, new RegExp(`(?<!\\.)\\b${name}\\b(\\(|<|:| =)`), `${file}:${name}`);
  }
});

t.test('a create takes ten files or fewer', async (t) => {
  const walk = MAP.split('\n## ').find((section) => section.startsWith('A create'))!;
  const files = new Set(stepsIn(walk).map(({ file }) => file));
  t.ok(files.size > 5 && files.size <= 10, `${files.size} files`);
});

t.test('every room is on the map', async (t) => {
  const rooms = readdirSync('src', { withFileTypes: true }).map((entry) => `src/${entry.name}`);
  const named = (room: string) => MAP.includes(`\`${room}\``) || MAP.includes(`\`${room}/\``);
  t.same(
    rooms.filter((room) => !named(room)),
    [],
  );
});

/** `path:function` in the text. */
function stepsIn(text: string): { file: string; name: string }[] {
  return [...text.matchAll(/`((?:src|routes)\/[\w/-]+\.ts):(\w+)`/g)].map(([, file, name]) => ({
    file: file!,
    name: name!,
  }));
}
