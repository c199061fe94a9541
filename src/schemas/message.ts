/** Messages and the pages they come in. Published only: pages are bytes that the journal encoded. */
import { Type } from '@sinclair/typebox';
import { DrawSchema } from './draw.ts';
import { Endpoint, Moment, OneOf, Peer } from './parts.ts';
import { CLOSE_REASONS, GAP_REASONS, KINDS, LEGS, PHASES } from './records.ts';

const reason = OneOf(GAP_REASONS, { description: 'Why something is missing.', examples: ['evicted'] });
const dropped = Type.Integer({ description: 'How many messages are missing.', examples: [12] });
const fromSeq = Type.Integer({ description: 'The first that is missing.', examples: [1] });
const toSeq = Type.Integer({ description: 'The last that is missing.', examples: [12] });
const maybe = Type.Optional;
const GAP_WORDS: ReadonlySet<string> = new Set(GAP_REASONS);
const CLOSE_WORDS = [
  '`peerFin` the peer, in order',
  '`peerRst` the peer, by a reset',
  '`requested` a request to the API',
  '`responder` the listener, by its answer',
  '`idle` nothing came or went for `idleTimeout`',
  '`limit` the listener had served `maxRequests`',
  '`deleted` its listener was deleted',
  '`rebound` its listener took up another socket',
  '`shutdown` the service ended',
  '`failed` its listener failed',
  '`error` another error, see `detail`',
].join('; ');

export const MessageSchema = Type.Object(
  {
    seq: maybe(
      Type.Integer({
        description: 'Number within the listener, in and out, from 1 without holes. Other kinds carry `afterSeq`.',
        examples: [1],
      }),
    ),
    afterSeq: maybe(Type.Integer({ description: 'Other kinds: the last seq before it.', examples: [1] })),
    listenerId: Type.String({ description: 'Whose it is.', examples: ['l_0000000001'] }),
    kind: OneOf(KINDS, { description: 'What kind of record.', examples: ['message'] }),
    direction: maybe(OneOf(['in', 'out'], { description: 'From or to the network.', examples: ['in'] })),
    protocol: maybe(OneOf(['udp', 'tcp'], { description: 'Transport protocol.', examples: ['udp'] })),
    at: Moment('When: the stamp of the kernel where there is one.'),
    elapsedNs: maybe(
      Type.Integer({ description: 'Nanoseconds since the listener opened, monotonic.', examples: [1_250_000] }),
    ),
    remote: maybe(Peer('The peer.')),
    local: maybe(Endpoint('The own side.')),
    connectionId: maybe(Type.String({ description: 'TCP: its connection.', examples: ['c_1'] })),
    thread: maybe(Type.String({ description: 'Name of the thread.', examples: ['shared-1'] })),
    size: maybe(Type.Integer({ description: 'Bytes on the wire.', examples: [11] })),
    text: maybe(Type.String({ description: 'Payload as text, when it is.', examples: ['Hola server'] })),
    base64: maybe(Type.String({ description: 'Payload as base64.', examples: ['SG9sYSBzZXJ2ZXI='] })),
    hex: maybe(Type.String({ description: 'Payload as hex digits.', examples: ['486f6c61'] })),
    truncated: maybe(Type.Boolean({ description: 'Only a part was kept.', examples: [false] })),
    inReplyTo: maybe(Type.Integer({ description: 'Seq of the message it answers.', examples: [1] })),
    sendId: maybe(Type.String({ description: 'The send that made it.', examples: ['s_1'] })),
    rule: maybe(
      Type.String({
        description: 'The rule that matched.',
        examples: ['login'],
      }),
    ),
    draw: maybe(DrawSchema),
    unmatched: maybe(Type.Boolean({ description: 'There are rules, and none matched it.', examples: [true] })),
    partial: maybe(
      Type.Boolean({ description: 'Bytes that are no whole message; a `problem` record says why.', examples: [true] }),
    ),
    fault: maybe(
      Type.Unknown({
        description: 'The fault that struck it. Coming with faults: until then it is not there.',
        examples: ['loss'],
      }),
    ),
    phase: maybe(
      OneOf(PHASES, {
        description:
          'Kind connection: what happened. `refused`: `accept` reset it. `tlsFailed` is coming with TLS: until then it is not there.',
        examples: ['opened'],
      }),
    ),
    reason: maybe(
      OneOf([...GAP_REASONS, ...CLOSE_REASONS.filter((word) => !GAP_WORDS.has(word))], {
        description: `Kind gap: why something is missing. Kind connection, phase closed: who or what closed it; the first cause counts. ${CLOSE_WORDS}`,
        examples: ['evicted'],
      }),
    ),
    mode: maybe(
      OneOf(['fin', 'rst'], { description: 'Kind connection, phase closed: by FIN or by RST.', examples: ['fin'] }),
    ),
    detail: maybe(
      Type.String({ description: 'More about it, e.g. the error that ended a connection.', examples: ['ETIMEDOUT'] }),
    ),
    leg: maybe(
      OneOf(LEGS, {
        description: 'Which side of a forward it belongs to. Coming with forwards: until then it is not there.',
        examples: ['client'],
      }),
    ),
    dropped: maybe(dropped),
    fromSeq: maybe(fromSeq),
    toSeq: maybe(toSeq),
  },
  { $id: 'Message', description: 'Bytes that came from or went to the network, with who, when and where.' },
);

const GapSchema = Type.Object(
  { reason, dropped, fromSeq: maybe(fromSeq), toSeq: maybe(toSeq) },
  {
    description:
      'Messages that are missing: between the cursor and the oldest kept; with reason `damaged`, those that a disk has damaged, from the cursor on; with reason `restart`, those of an earlier life that the cursor is of: then the page begins anew.',
  },
);

export const MessagePageSchema = Type.Object(
  {
    items: Type.Array(Type.Unsafe({ $ref: 'Message#' }), { description: 'What matched, in order.' }),
    next: Type.String({
      description:
        'The last position scanned: give it back untouched as `after` (or as `before` with order=desc). It has passed everything up to there, shown or not: what the filter does not match, other kinds of record than were asked for, and after a wait without `direction` and `kind` the `out` messages too. A satisfied wait has passed nothing beyond the last message that counted.',
      examples: ['1~k3f9x2'],
    }),
    hasMore: Type.Boolean({ description: 'There is more beyond `next`.', examples: [false] }),
    gap: maybe(GapSchema),
    satisfied: maybe(Type.Boolean({ description: 'With wait: as many matched as were wanted.', examples: [true] })),
    matched: maybe(Type.Integer({ description: 'With wait: how many matched, up to wanted.', examples: [1] })),
    wanted: maybe(Type.Integer({ description: 'With wait: how many were wanted.', examples: [1] })),
    nearMisses: maybe(
      Type.Array(
        Type.Object({
          seq: Type.Integer({ description: 'The message.', examples: [3] }),
          why: Type.String({ description: 'Why it does not match.', examples: ['size 11 is below minSize 12'] }),
        }),
        { description: 'With wait, not satisfied: messages that almost matched.' },
      ),
    ),
  },
  { $id: 'MessagePage', description: 'A page of messages.' },
);

export const ClearedSchema = Type.Object(
  { cleared: Type.Integer({ description: 'How many messages are gone.', examples: [3] }) },
  { $id: 'Cleared', description: 'What clearing removed.' },
);

export const WrittenSchema = Type.Object(
  {
    bytes: Type.Integer({ description: 'Bytes written.', examples: [11] }),
    to: maybe(Endpoint('Where they went.')),
  },
  { $id: 'Written', description: 'Bytes that left.' },
);
