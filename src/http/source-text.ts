/**
 * Source text of bodies. A JSON payload leaves, and a value to compare with compares, as it was written: large numbers,
 * `1.10`, members with the same name. JSON.parse keeps none of that, so a schema marks such members, validation notes where
 * they are, and then their text is taken out of the body and put in their place, under the name that the mark says.
 */
import { invalidField } from '../errors.ts';
import { compactJson } from '../json/compact.ts';
import { illFormedAt } from '../json/ill-formed.ts';
import { locate } from '../json/locate.ts';
import { parsePointer } from '../json/pointer.ts';
import { SOURCE_TEXT } from '../schemas/parts.ts';
import { HALF_CHARACTER } from '../schemas/payload.ts';

type MarkedMember = { parent: Record<string, unknown>; member: string; instead: string; path: string[] };
/** `escapes`: some escape may be half a character. */
type Source = { text: string; members: MarkedMember[]; escapes: boolean };
/** What ajv tells a keyword of the value at hand. */
type Context = { rootData: unknown; parentData: unknown; parentDataProperty: string | number; instancePath: string };

const sources = new WeakMap<object, Source>();

/** Keeps the text of a body until `takeSourceText`. */
export function keepSource(body: unknown, text: string): void {
  if (typeof body === 'object' && body !== null)
    sources.set(body, { text, members: [], escapes: /\\u[dD][89a-fA-F]/.test(text) });
}

/** The mark, for ajv. Bodies that did not come as text are passed over. */
export const sourceTextKeyword = {
  keyword: SOURCE_TEXT,
  schemaType: 'string',
  errors: false,
  validate(instead: string, _value: unknown, _schema: unknown, context?: unknown): boolean {
    const { rootData, parentData, parentDataProperty, instancePath } = context as Context;
    const parent = parentData as Record<string, unknown>;
    const path = parsePointer(instancePath);
    sources.get(rootData as object)?.members.push({ parent, member: `${parentDataProperty}`, instead, path });
    return true;
  },
} as const;

/** After validation: text in place of values. Throws a 400 for text elsewhere that could not be kept as it is. */
export function takeSourceText(body: unknown): void {
  const source = typeof body === 'object' && body !== null ? sources.get(body) : undefined;
  if (source === undefined) return;
  sources.delete(body as object);
  if (source.members.length > 0) putText(source);
  const pointer = source.escapes ? illFormedAt(body) : undefined;
  if (pointer !== undefined) throw invalidField(pointer, HALF_CHARACTER);
}

function putText({ text, members }: Source): void {
  const found = locate(
    text,
    members.map(({ path }) => path),
  );
  for (const [i, { parent, member, instead }] of members.entries()) {
    delete parent[member];
    parent[instead] = compactJson(found[i]!);
  }
}
