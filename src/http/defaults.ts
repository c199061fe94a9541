/**
 * Defaults of fields, withDefaultText in words. Generators of clients take a field that has a `default` for one that is always
 * there, and would ask for every field of a body; so in the published document a default stands in the description.
 */

/** As much of a JSON Schema as is walked here. */
type Schema = { [keyword: string]: unknown; description?: string; required?: string[] };

/** A copy of a schema, and of all within it. */
export function withDefaultsInWords(schema: Schema): Schema {
  const optional = (name: string) => schema.required?.includes(name) !== true;
  const entries = Object.entries(schema).map(([keyword, value]) => {
    if (keyword === 'properties' && isObject(value)) return [keyword, mapFields(value, optional)];
    if (INNER.has(keyword) && isObject(value)) return [keyword, withDefaultsInWords(value)];
    if (MEMBERS.has(keyword) && Array.isArray(value)) return [keyword, value.map(withDefaultsInWords)];
    return [keyword, value];
  });
  return Object.fromEntries(entries);
}

const INNER = new Set(['items', 'additionalProperties']);
const MEMBERS = new Set(['anyOf', 'oneOf', 'allOf']);

function mapFields(fields: Schema, optional: (name: string) => boolean): Schema {
  const mapped = Object.entries(fields).map(([name, field]) => {
    const inner = withDefaultsInWords(field as Schema);
    return [name, optional(name) ? withDefaultText(inner) : inner];
  });
  return Object.fromEntries(mapped);
}

/** The keyword gone, and a sentence instead. */
function withDefaultText({ default: value, ...field }: Schema): Schema {
  if (value === undefined) return field;
  return { ...field, description: `${field.description ?? ''} Default: \`${JSON.stringify(value)}\`.`.trimStart() };
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
