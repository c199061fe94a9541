/** Query parameters of pages, exports, waits and streams. What they mean is read in http/filters.ts. */
import { type Static, Type } from '@sinclair/typebox';
import { FILTER_DESCRIPTIONS } from './filter-descriptions.ts';
import { OneOf, QueryDuration, strict } from './parts.ts';

const maybe = Type.Optional;
const Text = (description: string, example: string) => maybe(Type.String({ description, examples: [example] }));

export const labelParameter = maybe(
  Type.Array(Type.String(), {
    description: 'Only listeners with this label, `key:value`; repeated: with all of them.',
    examples: [['suite:smoke']],
  }),
);
/** `limit` and `cursor` of a list of resources. */
export const listParameters = {
  limit: maybe(
    Type.Integer({ minimum: 1, maximum: 1000, description: 'Items at most; default 100.', examples: [100] }),
  ),
  cursor: maybe(Type.String({ description: 'The `next` of an earlier answer.', examples: ['100'] })),
};
const listenerParameter = Text('Only these listeners, by id or name; a comma list.', 'statsd');

/** What a record must satisfy; together an "and". */
export const filterParameters = {
  direction: maybe(OneOf(['in', 'out'], { description: FILTER_DESCRIPTIONS.direction })),
  remote: Text(FILTER_DESCRIPTIONS.remote, '127.0.0.1'),
  connection: Text(FILTER_DESCRIPTIONS.connection, 'c_1'),
  since: Text(FILTER_DESCRIPTIONS.since, '2026-03-01T09:30:00Z'),
  until: Text(FILTER_DESCRIPTIONS.until, '2036-03-01T09:30:00Z'),
  minSize: Text(FILTER_DESCRIPTIONS.minSize, '1'),
  maxSize: Text(FILTER_DESCRIPTIONS.maxSize, '64KiB'),
  text: Text(FILTER_DESCRIPTIONS.text, 'Hola'),
  hex: Text(FILTER_DESCRIPTIONS.hex, '48 ?? 6c'),
  regex: Text(FILTER_DESCRIPTIONS.regex, '^H.la'),
  json: Text(FILTER_DESCRIPTIONS.json, '/user/id=7'),
  thread: Text(FILTER_DESCRIPTIONS.thread, 'shared-1'),
  rule: Text(FILTER_DESCRIPTIONS.rule, 'login'),
  unmatched: maybe(
    Type.Boolean({ description: `${FILTER_DESCRIPTIONS.unmatched} \`false\`: only the others.`, examples: [true] }),
  ),
  kind: Text(FILTER_DESCRIPTIONS.kind, 'message'),
};
export const payloadParameter = maybe(
  OneOf(['full', 'text', 'hex', 'base64', 'none'], {
    description: 'How payloads are shown; default `full`: base64, and text where it is text.',
  }),
);
const cursorParameters = {
  after: Text('Only what comes after this cursor: a seq, or the `next` of an earlier answer.', '0'),
  before: Text('Only what comes before this cursor.', '1000'),
};
const waitParameters = {
  wait: maybe(
    QueryDuration({
      description:
        'Wait for matching messages at most this long (60s at most); those already there count. Without `direction` and `kind` only `in` messages do, and `next` passes over the `out` ones between.',
      examples: ['2s'],
    }),
  ),
  count: maybe(
    Type.Integer({ minimum: 1, maximum: 1000, description: 'With wait: how many; default 1.', examples: [1] }),
  ),
  orFail: maybe(Type.Boolean({ description: 'With wait: answer 409 when not satisfied.', examples: [false] })),
};
const pageParameters = {
  ...cursorParameters,
  order: maybe(OneOf(['asc', 'desc'], { description: 'Oldest first (asc, default) or newest first.' })),
  limit: maybe(
    Type.Integer({ minimum: 1, maximum: 1000, description: 'Items at most; default 100.', examples: [100] }),
  ),
  payload: payloadParameter,
  ...filterParameters,
  ...waitParameters,
};
const allParameters = { listener: listenerParameter, label: labelParameter };

export const PageQuerySchema = Type.Object(pageParameters, strict);
export const AllPageQuerySchema = Type.Object({ ...pageParameters, ...allParameters }, strict);
export const ExportQuerySchema = Type.Object(
  { ...cursorParameters, payload: payloadParameter, ...filterParameters },
  strict,
);

const streamParameters = {
  after: Text('Replay what comes after this cursor, then go on live; without it the stream starts now.', '0'),
  limit: maybe(Type.Integer({ minimum: 1, description: 'End after so many messages.', examples: [5] })),
  for: maybe(QueryDuration({ description: 'End after this long.', examples: ['3s'] })),
  payload: payloadParameter,
  ...filterParameters,
};
const StreamKind = (description: string) => Text(description, 'message,gap');
export const StreamQuerySchema = Type.Object(
  {
    ...streamParameters,
    kind: StreamKind('Kinds of record, a comma list; default message,gap.'),
    hold: maybe(
      OneOf(['0', '1'], { description: 'With 1 the listener goes when its last such stream ends; default 0.' }),
    ),
  },
  strict,
);
export const AllStreamQuerySchema = Type.Object(
  {
    ...streamParameters,
    kind: StreamKind('Kinds of event, a comma list; default message,gap,listener,send.'),
    ...allParameters,
  },
  strict,
);

export type FilterQuery = Static<ReturnType<typeof filterObject>>;
export type ExportQuery = Static<typeof ExportQuerySchema>;
export type PageQuery = Static<typeof PageQuerySchema>;
export type StreamQuery = Static<typeof StreamQuerySchema>;
export type AllStreamQuery = Static<typeof AllStreamQuerySchema>;

function filterObject() {
  return Type.Object(filterParameters);
}
