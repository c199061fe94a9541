/**
 * The client for those who `require` it, as Jest does: dist/commonjs, written by tsc from tsconfig.commonjs.json. Here it
 * gets what tsc does not make: its package.json, its own `start-place.js`, and the types, which are the same for both.
 */
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const FROM = join(DIST, 'src');
const TO = join(DIST, 'commonjs');
const ENTRIES = ['node', 'index', 'testing'].map((name) => join(FROM, 'client', `${name}.d.ts`));
const RELATIVE = /from '(\.[^']+)\.ts'|import\("(\.[^"]+)\.ts"\)/g;

mkdirSync(TO, { recursive: true });
writeFileSync(join(TO, 'package.json'), '{ "type": "commonjs" }\n');
copyFileSync(join(FROM, 'client/start-place.cjs'), join(TO, 'client/start-place.js'));
for (const file of closure(ENTRIES)) copy(file);
for (const file of globSync('**/*.js', { cwd: TO })) checkRequires(join(TO, file));

/** These files and all that they import, and so on. */
function closure(entries) {
  const files = new Set(entries);
  for (const file of files) {
    for (const [, stated, inline] of readFileSync(file, 'utf8').matchAll(RELATIVE)) {
      files.add(join(dirname(file), `${stated ?? inline}.d.ts`));
    }
  }
  return files;
}

function copy(file) {
  const target = join(TO, relative(FROM, file));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(file, target);
}

/** What the client imports must be in the `include` of tsconfig.commonjs.json. */
function checkRequires(file) {
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/require\("(\.[^"]+)"\)/g)) {
    if (!existsSync(join(dirname(file), name))) throw new Error(`${file} requires ${name}: add it to tsconfig.commonjs.json`);
  }
}
