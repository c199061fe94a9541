import t from 'tap';
import { withDefaultsInWords } from '../../../src/http/defaults.ts';

t.test('defaults of optional fields are told in words, at any depth; all else stays', async (t) => {
  const schema = {
    type: 'object',
    required: ['always'],
    properties: {
      always: { type: 'integer', default: 1 },
      plain: { type: 'string' },
      host: { type: 'string', description: 'Where.', default: '127.0.0.1' },
      inner: { type: 'object', default: {}, properties: { port: { type: 'integer', default: 0 } } },
      list: { type: 'array', items: { properties: { each: { default: null } } } },
      either: { anyOf: [{ properties: { one: { description: 'One.', default: true } } }, { type: 'null' }] },
      default: { type: 'string', description: 'A field of that name.' },
    },
  };
  const before = JSON.stringify(schema);
  t.strictSame(withDefaultsInWords(schema), {
    type: 'object',
    required: ['always'],
    properties: {
      always: { type: 'integer', default: 1 },
      plain: { type: 'string' },
      host: { type: 'string', description: 'Where. Default: `"127.0.0.1"`.' },
      inner: {
        type: 'object',
        description: 'Default: `{}`.',
        properties: { port: { type: 'integer', description: 'Default: `0`.' } },
      },
      list: { type: 'array', items: { properties: { each: { description: 'Default: `null`.' } } } },
      either: { anyOf: [{ properties: { one: { description: 'One. Default: `true`.' } } }, { type: 'null' }] },
      default: { type: 'string', description: 'A field of that name.' },
    },
  });
  t.equal(JSON.stringify(schema), before, 'the schema that validates is left alone');
});
