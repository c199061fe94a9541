/** TCP connections of a listener. */
import { type Static, Type } from '@sinclair/typebox';
import { Moment, OneOf, PayloadFields, Peer, Ref, rawField, strict } from './parts.ts';

export const ConnectionSchema = Type.Object(
  {
    id: Type.String({ description: 'Id, `c_…`.', examples: ['c_1'] }),
    remote: Peer('The peer.'),
    openedAt: Moment('When it was accepted.'),
    bytesIn: Type.Integer({ description: 'Bytes read.', examples: [11] }),
    bytesOut: Type.Integer({ description: 'Bytes written.', examples: [11] }),
    thread: Type.String({ description: 'Name of the thread that serves it.', examples: ['shared-1'] }),
    state: OneOf(['open', 'halfClosed', 'closing'], { description: 'How far it is.', examples: ['open'] }),
    reading: Type.Boolean({ description: 'false: not read, so the peer meets a full window.', examples: [true] }),
  },
  { $id: 'Connection', description: 'An open TCP connection.' },
);

export const ConnectionListSchema = Type.Object(
  { items: Type.Array(Ref(ConnectionSchema), { description: 'Open connections, oldest first.' }) },
  { $id: 'ConnectionList', description: 'The open connections of a listener.' },
);

export const ConnectionPatchSchema = Type.Object(
  {
    reading: Type.Optional(
      Type.Boolean({ description: 'false stops reading (zero window), true goes on.', examples: [false] }),
    ),
    writing: Type.Optional(
      Type.Boolean({ description: 'false half-closes: FIN after what is queued.', examples: [false] }),
    ),
  },
  { $id: 'ConnectionPatch', ...strict, description: 'What to change.', examples: [{ reading: false }] },
);

export const PayloadSchema = Type.Object(
  { ...PayloadFields, raw: rawField },
  {
    $id: 'Payload',
    ...strict,
    description: 'Bytes to send: exactly one of text, hex, base64, json.',
    examples: [{ text: 'Hola cliente' }],
  },
);
export type Payload = Static<typeof PayloadSchema>;
