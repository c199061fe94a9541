/** Writes openapi.json and listenpost.schema.json, which are committed; tests fail when they differ from the program. */
import { writeFile } from 'node:fs/promises';
import { configurationSchema } from '../../src/config/schema.ts';
import { publishedDocument } from './document.ts';

await writeFile(new URL('../../../openapi/openapi.json', import.meta.url), await publishedDocument());

const schema = `${JSON.stringify(configurationSchema(), null, 2)}\n`;
await writeFile(new URL('../../../openapi/listenpost.schema.json', import.meta.url), schema);
