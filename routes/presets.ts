/** Responders that are there by name. */
import { Type } from '@sinclair/typebox';
import type { Routes } from '../src/http/domain.ts';
import { jsonContent, responses } from '../src/http/operation.ts';
import { listPresets } from '../src/presets/presets.ts';
import { OneOf, strict } from '../src/schemas/parts.ts';
import { PresetListSchema } from '../src/schemas/presets-view.ts';

export const presets: Routes = async (app) => {
  app.get('/v1/presets', { schema }, async (request) => listPresets(request.query.protocol));
};

const schema = {
  operationId: 'listPresets',
  tags: ['Listeners'],
  summary: 'List presets',
  description:
    'Responders that are there by name, with their parameters and what they stand for: to use as `{"type": "preset", "name": …, "with": …}`, or to copy.',
  querystring: Type.Object(
    {
      protocol: Type.Optional(
        OneOf(['udp', 'tcp'], {
          description: 'Only those for it, and what they are there; else for the first protocol that each is for.',
          examples: ['tcp'],
        }),
      ),
    },
    strict,
  ),
  response: responses({ 200: jsonContent(PresetListSchema, 'The presets.') }),
};
