/** Writes docs/man/listenpost.1, which is committed; a test fails when it differs from what the program says of itself. */
import { writeFile } from 'node:fs/promises';
import { manPage } from './page.ts';

await writeFile(new URL('../../../docs/man/listenpost.1', import.meta.url), manPage());
