import t from 'tap';
import { unfilled } from '../../../../../src/runtime/pipeline/responders/warnings.ts';

t.test('a name of templates in a payload that is none', async (t) => {
  const warning = (field: string, place: string) => [
    `/responder/${field} holds ${place}, which goes out as it stands; with "template": true it is filled in`,
  ];
  t.same(unfilled('/responder', { text: 'hi {{text}} {{n}}' }), warning('text', '{{text}}'));
  t.same(unfilled('/responder', { text: '{{ mustache }} {{json /a}}' }), warning('text', '{{json /a}}'));
  t.same(unfilled('/responder', { json: { to: '{{remote.address}}' } }), warning('json', '{{remote.address}}'));
  for (const quiet of [
    { text: '{{text}}', template: true },
    { text: '{{mustache}}' },
    { text: '{{' },
    { json: {} },
    {},
  ]) {
    t.same(unfilled('/responder', quiet), [], JSON.stringify(quiet));
  }
});
