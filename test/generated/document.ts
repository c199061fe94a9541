/** The OpenAPI document as the generated run reads it: operations, and which of them a request meets. */
export type Schema = Record<string, unknown> & {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  examples?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minItems?: number;
};
export type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema };
export type Answer = { content?: Record<string, { schema: Schema }> };
export type Operation = {
  method: string;
  path: string;
  operationId: string;
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Answer>;
};
export type Document = {
  paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>>;
  components: { schemas: Record<string, Schema> };
};

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      return { ...operation, parameters: operation.parameters ?? [], method: method.toUpperCase(), path };
    }),
  );
}

/** The operation that a request meets: a path written out wins over one with parameters. HEAD meets the one of GET. */
export function operationAt(operations: readonly Operation[], method: string, url: string): Operation | undefined {
  const path = pathOf(url);
  const wanted = method === 'HEAD' ? 'GET' : method;
  const fitting = operations.filter((operation) => operation.path === path);
  const candidates = fitting.length > 0 ? fitting : operations.filter((operation) => patternOf(operation).test(path));
  return candidates.find((operation) => operation.method === wanted);
}

/** As the service reads it: slashes at its end mean nothing. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0]!.replace(/(?<=.)\/+$/, '');
}

function patternOf({ path }: Operation): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

export function resolved({ components }: Document, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  return resolved({ components } as Document, components.schemas[schema.$ref.split('/').at(-1)!]!);
}
