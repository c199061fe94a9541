/** The reference says what the program says of itself. */
import { readdir, readFile } from 'node:fs/promises';
import t from 'tap';
import { referencePages } from '../../tools/docs/pages.ts';

/** What people write there. */
const WRITTEN = ['parity.md'];

t.test('docs/reference is what docs/generate.ts writes', async (t) => {
  const pages = await referencePages();
  t.same((await readdir('docs/reference')).sort(), [...pages.keys(), ...WRITTEN].sort());
  for (const [name, text] of pages) {
    const committed = await readFile(`docs/reference/${name}`, 'utf8');
    t.equal(committed, text, `${name} is stale: npm run build && node dist/tools/docs/generate.js`);
  }
});

t.test('it knows each operation, command and field', async (t) => {
  const pages = await referencePages();
  t.match(pages.get('api.md'), /`POST \/v1\/listeners` \(createListener\)/);
  t.match(pages.get('schemas.md'), /\| `udp\.receiveBuffer` \| size \| .*Default: `"8MiB"`\./);
  t.match(pages.get('errors.md'), /\| 409 \| `port_in_use` \|/);
  t.match(pages.get('command-line.md'), /## listenpost serve\n.*--allow-bind/s);
});
