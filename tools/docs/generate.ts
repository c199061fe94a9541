/** Writes docs/reference/, which is committed; a test fails when it differs from what the program says of itself. */
import { writeFile } from 'node:fs/promises';
import { referencePages } from './pages.ts';

for (const [name, text] of await referencePages()) {
  await writeFile(new URL(`../../../docs/reference/${name}`, import.meta.url), text);
}
