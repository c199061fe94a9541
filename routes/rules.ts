/** The rules of a listener: what they counted, the whole list, one of them, and trials. */
import { Type } from '@sinclair/typebox';
import type { Routes } from '../src/http/domain.ts';
import { jsonContent, ListenerParams, responses } from '../src/http/operation.ts';
import { Ref } from '../src/schemas/parts.ts';
import { RULE_NAME_PATTERN } from '../src/schemas/rule-names.ts';
import {
  RuleListSchema,
  RulePatchSchema,
  RuleStatusSchema,
  RuleTestResultSchema,
  RuleTestSchema,
} from '../src/schemas/rules-view.ts';

const tags = ['Rules'];
const path = '/v1/listeners/:id/rules';

export const rules: Routes = async (app) => {
  const { registry } = app.domain;

  app.get(path, { schema: statusSchema }, async (request) => registry.rules(request.params.id));

  app.put(path, { schema: listSchema }, async (request) => registry.putRules(request.params.id, request.body));

  app.patch(`${path}/:rule`, { schema: patchSchema }, async (request) => {
    const { id, rule } = request.params;
    return registry.patchRule(id, rule, request.body);
  });

  app.post(`${path}/test`, { schema: testSchema }, async (request) =>
    registry.testRules(request.params.id, request.body),
  );
};

const RuleParams = Type.Object({
  id: Type.String({ description: 'Id or name of the listener.', examples: ['statsd'] }),
  rule: Type.String({ pattern: RULE_NAME_PATTERN, description: 'Name of the rule.', examples: ['login'] }),
});

const statusSchema = {
  operationId: 'getRules',
  tags,
  summary: 'Get the rules and what they counted',
  description: 'In their order, with hits and what is left of `times`; and how many are in each state.',
  params: ListenerParams,
  response: responses({ 200: jsonContent(RuleStatusSchema, 'The rules.') }),
};

const listSchema = {
  operationId: 'putRules',
  tags,
  summary: 'Replace the whole list of rules',
  description:
    'In one step, between two messages; makes any responder `rules`. Rules that stay the same keep what they counted.',
  params: ListenerParams,
  body: Ref(RuleListSchema),
  response: responses({ 200: jsonContent(RuleStatusSchema, 'The rules that are in force now.') }),
};

const patchSchema = {
  operationId: 'patchRule',
  tags,
  summary: 'Change one rule',
  description: 'E.g. `{"enabled": false}`. Each member is replaced whole.',
  consumes: ['application/json', 'application/merge-patch+json'],
  params: RuleParams,
  body: Ref(RulePatchSchema),
  response: responses({ 200: jsonContent(RuleStatusSchema, 'The rules that are in force now.') }),
};

const testSchema = {
  operationId: 'testRules',
  tags,
  summary: 'Try rules on messages',
  description:
    'For each message: the rule that decides, why those before it do not, the actions filled in, and the state after it. Counters start at zero; nothing is sent, and nothing of the listener changes.',
  params: ListenerParams,
  body: Ref(RuleTestSchema),
  response: responses({ 200: jsonContent(RuleTestResultSchema, 'What the rules would do.') }),
};
