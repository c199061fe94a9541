/** `listenpost reply`: answers one message by hand. */
import type { Static } from '@sinclair/typebox';
import type { Command } from 'commander';
import type { WrittenSchema } from '../../schemas/message.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { addPayload, type PayloadFlags, payloadOf } from '../options/payload.ts';
import { whole } from '../options/values.ts';
import { inSession, type Session } from '../session/session.ts';
import { endpoint } from '../show/lines.ts';
import { bytes } from '../show/quantity.ts';

export function addReply(program: Command): void {
  const command = program
    .command('reply')
    .description('answer a message: to its peer, from the socket or on the connection that it came by')
    .argument('<listener>', 'listener by id or name')
    .argument('<seq>', 'number of the message', whole(1))
    .argument('[text]', 'payload as text; - reads standard input');
  addExamples(addCommon(addPayload(command)), [
    ['listenpost reply statsd 3 "I am here"', 'to whoever sent message 3'],
    ['listenpost reply device 1 --hex "06"', 'an ACK'],
  ]).action(inSession(reply));
}

async function reply(session: Session, ref: string, seq: number, text: string | undefined, flags: PayloadFlags) {
  const { http, output, signal } = session;
  const body = await payloadOf(text, flags, signal);
  const path = `/v1/listeners/${encodeURIComponent(ref)}/messages/${seq}/reply`;
  const written = await http.json<Static<typeof WrittenSchema>>('POST', path, { body });
  if (output.json) await output.object(written);
  output.say(`sent ${bytes(written.bytes)}${written.to === undefined ? '' : ` to ${endpoint(written.to)}`}`);
}
