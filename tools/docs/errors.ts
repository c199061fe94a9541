/** The table of errors. */
import { PROBLEMS } from '../../src/errors.ts';
import { SEND_ERRORS } from '../../src/schemas/send-errors.ts';
import { code, GENERATED, page, table } from './markdown.ts';

export function errorsPage(): string {
  const rows = Object.entries(PROBLEMS).map(([name, { status, title }]) => [String(status), code(name), title]);
  const sends = Object.entries(SEND_ERRORS).map(([name, meaning]) => [code(name), meaning]);
  return page([
    '# Errors',
    '',
    GENERATED,
    '',
    'Errors are `application/problem+json` (RFC 9457): `{type, title, status, detail, instance, code, errors?}`. `code`',
    'never changes; `detail` is for people. A 400 names every wrong input in `errors: [{in, pointer, detail}]`.',
    '',
    ...table(['status', 'code', 'title'], rows),
    '',
    '## Of sends',
    '',
    'A send that failed on the network is no problem document: its `error.code` is one of these, or one of the above where',
    'this machine or this program stood in the way, e.g. `limit_reached`.',
    '',
    ...table(['code', 'meaning'], sends),
  ]);
}
