/** What /docs shows beside what is served: examples of errors, and padlocks. */
import t, { type Test } from 'tap';
import { PROBLEMS, type ProblemCode } from '../../../src/errors.ts';
import { publishedDocument } from '../../../tools/openapi/document.ts';
import { fakeApp } from '../../support/fake/app.ts';
import { isA } from '../../support/schema.ts';

type Value = Record<string, unknown> & { instance: string; errors?: { in: string }[] };
type Examples = Record<string, { summary: string; value: Value }>;
type Operation = {
  operationId: string;
  responses: { default: { content: { 'application/problem+json': { examples: Examples } } } };
};
type Document = { security: unknown; paths: Record<string, Record<string, Operation>> };

const document = JSON.parse(await publishedDocument()) as Document;

t.test('examples of errors fit their operation and status', async (t) => {
  const open = (await fakeApp(t)).app;
  const locked = (await fakeApp(t, { token: 'secret' })).app;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const { operationId: id } = operation;
      const { examples } = operation.responses.default.content['application/problem+json'];
      for (const [code, example] of Object.entries(examples)) checkShape(t, { id, path, code }, example);
      t.equal(examples.not_found !== undefined, path.includes('{'), `${id}: what is named can be missing`);
      const { value: wrong } = examples.validation_failed!;
      const ask = { method: method.toUpperCase() as 'GET', url: wrong.instance };
      // A file comes before its query.
      if (id !== 'replay') t.match((await open.inject({ ...ask, ...wrongInput(wrong) })).json(), briefly(wrong), id);
      const missing = examples.not_found?.value;
      if (missing !== undefined && method === 'get') {
        t.match(
          (await open.inject({ ...ask, url: missing.instance })).json(),
          briefly(missing),
          `${id}: nothing there`,
        );
      }
      const refused = examples.unauthorized?.value;
      if (refused !== undefined) t.same((await locked.inject(ask)).json(), refused, `${id} without the token`);
    }
  }
});

type Where = { id: string; path: string; code: string };

function checkShape(t: Test, { id, path, code }: Where, { summary, value }: Examples[string]): void {
  const { status, title } = PROBLEMS[code as ProblemCode];
  t.match(value, { code, status, title, type: `/problems/${code}`, detail: /./ }, `${id} ${code}`);
  t.equal(summary, `${status} ${title}`);
  t.match(value.instance, new RegExp(`^${path.replace(/\{\w+\}/g, '[^/{}]+')}$`), id);
  isA(t, 'Problem', value);
}

/** A request that is wrong as the example says: a body without its field, or a parameter that nobody knows. */
function wrongInput({ errors, instance }: Value) {
  if (errors![0]!.in !== 'body') return { url: `${instance}?colour=red` };
  return { headers: { 'content-type': 'application/json' }, payload: '{}' };
}

/** What must agree with an answer. */
function briefly({ code, status, title, instance }: Value) {
  return { code, status, title, instance };
}

t.test('padlocks stand in /docs only where a token is needed', async (t) => {
  const shown = async (token: string | null) => (await (await fakeApp(t, { token })).app.inject('/docs/json')).json();
  const open = await shown(null);
  t.notOk('security' in open || 'securitySchemes' in open.components);
  t.ok(open.paths['/v1/listeners'] && open.components.schemas.Problem, 'the rest is there');
  t.match(await shown('secret'), { security: [{ token: [] }], components: { securitySchemes: { token: {} } } });
  t.same(document.security, [{}, { token: [] }], 'the published document is for both');
});
