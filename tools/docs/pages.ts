/** The pages of the reference, out of the OpenAPI document, the table of errors and `--help`. */
import { readFile } from 'node:fs/promises';
import { apiPage } from './api.ts';
import { commandLinePage } from './command-line.ts';
import { errorsPage } from './errors.ts';
import type { OpenApi } from './openapi.ts';
import { schemasPage } from './schemas.ts';

const DOCUMENT = new URL('../../../openapi/openapi.json', import.meta.url);

/** File names and texts. */
export async function referencePages(): Promise<Map<string, string>> {
  const document = JSON.parse(await readFile(DOCUMENT, 'utf8')) as OpenApi;
  return new Map([
    ['api.md', apiPage(document)],
    ['schemas.md', schemasPage(document)],
    ['errors.md', errorsPage()],
    ['command-line.md', await commandLinePage()],
  ]);
}
