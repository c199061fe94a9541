/** The API described: OpenAPI, Swagger UI without any outside asset, and what each error code means. */
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@sinclair/typebox';
import { PROBLEMS, type ProblemCode, ProblemError } from '../src/errors.ts';
import type { Routes } from '../src/http/domain.ts';
import { documentForPeople } from '../src/http/openapi.ts';
import { content, jsonContent, responses } from '../src/http/operation.ts';
import { ProblemKindSchema } from '../src/schemas/problem.ts';
import { OpenApiSchema } from '../src/schemas/status.ts';

const tags = ['Operations'];
/** Everything comes from here; the page writes styles of its own. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'";

export const docs: Routes = async (app) => {
  app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: POLICY,
    transformSpecification: (document) => documentForPeople(document, app.needsToken),
    transformSpecificationClone: false,
    theme: { title: 'Listenpost', css: [{ filename: 'own.css', content: '.swagger-ui .topbar { display: none }' }] },
    uiConfig: { tryItOutEnabled: true, displayRequestDuration: true, deepLinking: true, validatorUrl: null },
  });

  app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/docs/'));

  app.get('/openapi.json', { schema: jsonSchema }, async () => app.swagger());

  app.get('/openapi.yaml', { schema: yamlSchema }, async (_request, reply) => {
    return reply.type('application/yaml').send(app.swagger({ yaml: true }));
  });

  app.get('/problems/:code', { schema: problemSchema }, async (request) => {
    const { code } = request.params;
    if (!Object.hasOwn(PROBLEMS, code)) throw new ProblemError('not_found', `There is no error code ${code}.`);
    return { code, ...PROBLEMS[code as ProblemCode] };
  });
};

const jsonSchema = {
  operationId: 'getOpenApiJson',
  tags,
  summary: 'This description as JSON',
  description: 'OpenAPI 3.1.',
  security: [],
  response: responses({ 200: jsonContent(OpenApiSchema, 'The description.') }),
};

const yamlSchema = {
  operationId: 'getOpenApiYaml',
  tags,
  summary: 'This description as YAML',
  description: 'OpenAPI 3.1.',
  security: [],
  response: responses({ 200: content('application/yaml', 'The description.') }),
};

const problemSchema = {
  operationId: 'getProblemType',
  tags,
  summary: 'What an error code means',
  description: 'The `type` of a problem document leads here.',
  security: [],
  params: Type.Object({ code: Type.String({ description: 'Error code.', examples: ['not_found'] }) }),
  response: responses({ 200: jsonContent(ProblemKindSchema, 'Code, status and title.') }),
};
