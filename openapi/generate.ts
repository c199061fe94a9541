/** Writes openapi/openapi.json, which is committed; a test fails when it differs from what the service publishes. */
import { writeFile } from 'node:fs/promises';
import { publishedDocument } from './document.ts';

await writeFile(new URL('../../openapi/openapi.json', import.meta.url), await publishedDocument());
