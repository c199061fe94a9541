/** What answers show of listeners, and the bodies of PUT and PATCH. */
import { type Static, Type } from '@sinclair/typebox';
import { AcceptSchema, UnreachableSchema } from './connect-phase.ts';
import { LABEL_KEY_PATTERN, type ListenerSpecSchema, specFields } from './listener.ts';
import { LISTENER_STATES } from './listener-states.ts';
import { listFields, MaybeInteger, MaybeText, Moment, OneOf, Ref, strict } from './parts.ts';

const Count = (description: string) => Type.Integer({ description, examples: [0] });

const DroppedSchema = Type.Object(
  {
    kernel: MaybeInteger({ description: 'By the kernel, its queue was full; null where unknown.', examples: [0] }),
    overload: Count('Read and dropped because the journal was behind.'),
    denied: Count('From peers that allow and deny shut out.'),
    fault: Count('By a fault of the listener. Coming with faults: until then 0.'),
    full: Count('Because the history was full (dropNewest).'),
    paused: Count('While the listener was paused.'),
    closed: Count('Queued, or beyond maxRequests, when the socket closed.'),
    lost: Count('With a thread that died.'),
  },
  { description: 'Messages that were not captured, by reason.' },
);

const StatsSchema = Type.Object(
  {
    received: Count('Messages read from the kernel.'),
    receivedBytes: Count('Their bytes.'),
    receiveBatches: Count('Reads that brought at least one message.'),
    captured: Count('Messages appended to the journal.'),
    sent: Count('Messages sent.'),
    sentBytes: Count('Their bytes.'),
    requests: Count('UDP datagrams or TCP connections, after allow and deny.'),
    connectionsOpen: Count('TCP connections now open.'),
    connectionsTotal: Count('TCP connections served so far.'),
    connectionsRefused: Count(
      'TCP connections turned away unread: by allow and deny, maxConnections, maxRequests or `accept` reset, or because the listener closed. SYNs that the kernel refused reach no socket and count nowhere.',
    ),
    dropped: DroppedSchema,
    evicted: Count('Messages that the capture limits cut off.'),
    cleared: Count('Messages cleared by request.'),
    truncated: Count('Messages kept in part.'),
    repliesSuppressed: Count('Answers not sent, to prevent loops.'),
    internalErrors: Count('Messages or connections that met a mistake of Listenpost itself; each is in its log.'),
    repliesRefused: Count(
      'Answers that the system refused to send, e.g. too long for a datagram; a `problem` record says why.',
    ),
    foreignSockets: Count(
      'Sockets of other programs on the port of a listener with several threads (SO_REUSEPORT), as of the last look: they take a share. 0 where the system does not tell.',
    ),
    firstSeq: Type.Integer({ description: 'Seq of the oldest message kept.', examples: [1] }),
    lastSeq: Count('Seq of the newest message.'),
    receiveBuffer: Type.Integer({ description: 'Receive buffer in force, in bytes.', examples: [8_388_608] }),
  },
  { description: 'What happened so far.' },
);

const AddressSchema = Type.Unsafe<{ host: string; port: number; url: string } | null>({
  type: ['object', 'null'],
  description: 'Where it listens; null while no port is held.',
  properties: {
    host: Type.String({ description: 'Bound address.', examples: ['127.0.0.1'] }),
    port: Type.Integer({ description: 'Bound port.', examples: [41_234] }),
    url: Type.String({ description: 'The same as a URL.', examples: ['udp://127.0.0.1:41234'] }),
  },
  required: ['host', 'port', 'url'],
});

const WARNING = '/responder/text holds {{n}}, which goes out as it stands; with "template": true it is filled in';

/** What a listener shows beyond its spec; a PUT ignores these, so that the body of a GET can be put. */
const readOnlyFields = {
  id: Type.String({ description: 'Id, `l_…`.', examples: ['l_0000000001'] }),
  state: OneOf(LISTENER_STATES, { description: 'What it does.', examples: ['listening'] }),
  address: AddressSchema,
  createdAt: Moment('When it was created.'),
  expiresAt: MaybeText({ description: 'When its ttl ends, unless it is used.', examples: [null] }),
  error: Type.Optional(
    Type.Object(
      {
        code: Type.String({ description: 'Stable code.', examples: ['port_in_use'] }),
        detail: Type.String({ description: 'In words.', examples: ['127.0.0.1:2323 is in use'] }),
      },
      { description: 'Why it failed.' },
    ),
  ),
  warnings: Type.Optional(
    Type.Array(Type.String(), {
      description: 'In answers to a create or a change: what is allowed and most likely not meant.',
      examples: [[WARNING]],
    }),
  ),
  bindings: Type.Array(
    Type.Object({ thread: Type.String({ description: 'Name of the thread.', examples: ['shared-1'] }) }),
    { description: 'Its sockets, one a thread.' },
  ),
  unread: Count('`in` messages above the highest seq ever served.'),
  unmatched: Count('`in` messages that no rule matched.'),
  stats: StatsSchema,
};

export const ListenerSchema = Type.Object(
  { ...specFields, ...readOnlyFields },
  { $id: 'Listener', description: 'A listener: its spec with defaults filled in, and what is.' },
);

export const ListenerPageSchema = Type.Object(
  { items: Type.Array(Ref(ListenerSchema), { description: 'Listeners, oldest first.' }), ...listFields },
  { $id: 'ListenerPage', description: 'A page of listeners.' },
);

const ignored = Object.fromEntries(
  Object.entries(readOnlyFields).map(([name, { examples = [{}] }]) => [
    name,
    Type.Optional(Type.Unknown({ description: 'Ignored here.', examples })),
  ]),
);
/** Names of the fields that a PUT ignores. */
export const READ_ONLY = Object.keys(readOnlyFields);
export const ListenerPutSchema = Type.Unsafe<Static<typeof ListenerSpecSchema>>(
  Type.Object(
    { ...specFields, ...ignored },
    {
      $id: 'ListenerPut',
      ...strict,
      description: 'A ListenerSpec; what a GET shows beyond it may be there and is ignored.',
      examples: [{ protocol: 'udp', labels: { suite: 'smoke' }, responder: { type: 'echo' } }],
    },
  ),
);

export const ListenerPatchSchema = Type.Object(
  {
    name: specFields.name,
    labels: Type.Optional(
      Type.Record(
        Type.String({ pattern: LABEL_KEY_PATTERN }),
        Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 255 }),
        { ...strict, description: 'Labels to set; null removes one.', examples: [{ suite: 'nightly' }] },
      ),
    ),
    ttl: specFields.ttl,
    paused: specFields.paused,
    capture: specFields.capture,
    responder: specFields.responder,
    strict: specFields.strict,
    udp: Type.Optional(
      Type.Object(
        { unreachable: Type.Optional(UnreachableSchema) },
        { ...strict, description: 'UDP only: what of it changes without a rebind.' },
      ),
    ),
    tcp: Type.Optional(
      Type.Object(
        { accept: Type.Optional(AcceptSchema) },
        { ...strict, description: 'TCP only: what of it changes without a rebind.' },
      ),
    ),
  },
  {
    $id: 'ListenerPatch',
    ...strict,
    description: 'RFC 7396 merge: labels and capture are merged, the responder and `tcp.accept` are replaced whole.',
    examples: [{ paused: false }],
  },
);
export type ListenerPatch = Static<typeof ListenerPatchSchema>;

export const RemovedSchema = Type.Object(
  {
    deleted: Type.Integer({ description: 'How many.', examples: [1] }),
    listeners: Type.Array(
      Type.Object({
        id: readOnlyFields.id,
        name: MaybeText({ description: 'Its name.', examples: ['statsd'] }),
        unread: readOnlyFields.unread,
        unmatched: readOnlyFields.unmatched,
        openConnections: Count('TCP connections that were open.'),
      }),
      { description: 'What they held when they went.' },
    ),
  },
  { $id: 'Removed', description: 'Listeners that were deleted.' },
);
