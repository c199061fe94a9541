/** The table of errors. */
import { PROBLEMS } from '../../src/errors.ts';
import { code, GENERATED, page, table } from './markdown.ts';

export function errorsPage(): string {
  const rows = Object.entries(PROBLEMS).map(([name, { status, title }]) => [String(status), code(name), title]);
  return page([
    '# Errors',
    '',
    GENERATED,
    '',
    'Errors are `application/problem+json` (RFC 9457): `{type, title, status, detail, instance, code, errors?}`. `code`',
    'never changes; `detail` is for people. A 400 names every wrong input in `errors: [{in, pointer, detail}]`.',
    '',
    ...table(['status', 'code', 'title'], rows),
  ]);
}
