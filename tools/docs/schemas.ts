/** Every named schema with all its fields; those of inner objects are named by their path. */
import { code, GENERATED, page, refName, table, typeText } from './markdown.ts';
import type { OpenApi, Schema } from './openapi.ts';

export function schemasPage({ components }: OpenApi): string {
  const schemas = Object.entries(components.schemas);
  return page([
    '# Schemas',
    '',
    GENERATED,
    '',
    'Durations are `"500ms"`, `"5s"`, `"2m"`, `"1h"` or a number of milliseconds, up to 36500 days. Sizes are a number of bytes, `"64KiB"`,',
    '`"1MiB"` or `"1GiB"`. Times are RFC 3339 in UTC. A field in bold is required, or always there.',
    '',
    ...schemas.flatMap(([name, schema]) => [`## ${name}`, '', ...body(schema)]),
  ]);
}

function body(schema: Schema): string[] {
  const described = schema.description === undefined ? [] : [schema.description, ''];
  return [...described, ...variants(schema), ...fieldTable(schema)];
}

/** The members of a union, which may be unions in their turn. */
function variants({ oneOf, anyOf = [] }: Schema): string[] {
  return (oneOf ?? anyOf).flatMap((member) => [
    `**${member.title ?? refName(member) ?? 'or'}** ${member.description ?? ''}`.trimEnd(),
    '',
    ...(member.oneOf === undefined ? fieldTable(member) : variants(member)),
  ]);
}

function fieldTable(schema: Schema): string[] {
  return table(['field', 'type', ''], fields(schema, ''));
}

/** Members whose names are free stand as NAME, where there is something to say of them. */
function fields({ properties = {}, additionalProperties, required = [] }: Schema, prefix: string): string[][] {
  const free = typeof additionalProperties === 'object' ? additionalProperties : {};
  const named: [string, Schema][] = Object.keys(free.properties ?? {}).length === 0 ? [] : [['NAME', free]];
  return [...Object.entries(properties), ...named].flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const shown = code(path);
    const own = [required.includes(name) ? `**${shown}**` : shown, typeText(field, ''), field.description ?? ''];
    return [own, ...fields(field, `${path}.`), ...fields(field.items ?? {}, `${path}[].`)];
  });
}
