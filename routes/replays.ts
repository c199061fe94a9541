/** Replays: the messages of a file, sent again. */
import { Type } from '@sinclair/typebox';
import { invalidParameter, ProblemError } from '../src/errors.ts';
import type { Routes } from '../src/http/domain.ts';
import { jsonContent, responses } from '../src/http/operation.ts';
import { OneOf, strict } from '../src/schemas/parts.ts';
import { LARGEST_FILE, SendSchema } from '../src/schemas/send.ts';

/** What the file is shows in how it begins; the type only says that it is one. */
const FILE_TYPES = [
  'application/octet-stream',
  'application/x-pcapng',
  'application/vnd.tcpdump.pcap',
  'application/x-ndjson',
  'application/gzip',
  'application/x-gzip',
];

const NOT_A_FILE = `The body must be a file of type ${FILE_TYPES.join(', ')}; use curl -H 'content-type: application/octet-stream' --data-binary @file`;

export const replays: Routes = async (app) => {
  app.addContentTypeParser(FILE_TYPES, { parseAs: 'buffer', bodyLimit: LARGEST_FILE }, (_request, body, done) =>
    done(null, body),
  );

  app.post(
    '/v1/sends/import',
    { schema, bodyLimit: LARGEST_FILE, config: { unpacks: true } },
    async (request, reply) => {
      if (!(request.body instanceof Uint8Array)) throw new ProblemError('unsupported_media_type', NOT_A_FILE);
      const { protocol = 'udp', to, from, scale = 1, direction } = request.query;
      const wanted = {
        protocol,
        to: destination(to),
        scale,
        ...(from === undefined ? {} : { from }),
        ...(direction === undefined ? {} : { direction }),
      };
      const { status, send } = await app.domain.sends.replay(request.body, wanted);
      return reply.code(status).header('location', `/v1/sends/${send.id}`).send(send);
    },
  );
};

/** host:port, [v6]:port, or a listener's id or name. */
function destination(to: string): { host: string; port: number } | { listener: string } {
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(to) ?? [];
  if (port === undefined) return { listener: to };
  if (Number(port) < 1 || Number(port) > 65_535) throw invalidParameter('to', `${port} is not a port`);
  return { host: (v6 ?? name)!, port: Number(port) };
}

const schema = {
  operationId: 'replay',
  tags: ['Sends'],
  summary: 'Replay a file',
  description:
    'Sends the UDP datagrams of a pcapng or pcap file, or the messages of an NDJSON export, in their order and with their timing. The file may be packed by gzip, up to 64 MiB unpacked. `import` in the answer counts what was sent and what not; of a file that breaks off, what is whole is sent. 202 where the timing makes it long.',
  body: {
    content: Object.fromEntries(FILE_TYPES.map((type) => [type, { schema: { contentMediaType: type } }])),
  },
  querystring: Type.Object(
    {
      to: Type.String({
        minLength: 1,
        maxLength: 300,
        description: 'host:port, or a listener by id or name.',
        examples: ['statsd'],
      }),
      protocol: Type.Optional(
        OneOf(['udp', 'tcp'], { default: 'udp', description: 'Transport protocol.', examples: ['udp'] }),
      ),
      from: Type.Optional(
        Type.String({ minLength: 1, description: 'A UDP listener whose socket sends.', examples: ['statsd'] }),
      ),
      scale: Type.Optional(
        Type.Number({
          minimum: 0,
          maximum: 1000,
          default: 1,
          description: 'Factor on the time between messages; 0 sends at once.',
          examples: [1],
        }),
      ),
      direction: Type.Optional(
        OneOf(['in', 'out'], { description: 'Only messages of this direction.', examples: ['in'] }),
      ),
    },
    strict,
  ),
  response: responses({
    201: jsonContent(SendSchema, 'It is done.'),
    202: jsonContent(SendSchema, 'It goes on; GET shows how far it is.'),
  }),
};
