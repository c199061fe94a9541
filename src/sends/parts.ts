/** The payloads and pauses of a send. */
import { isIP } from 'node:net';
import { invalidField, ProblemError } from '../errors.ts';
import { createCodec } from '../runtime/framing/codecs.ts';
import { FramingError } from '../runtime/framing/frame-codec.ts';
import { payloadTemplate, templateSource, wrongMember } from '../runtime/pipeline/template/compile.ts';
import type { Framing } from '../schemas/framing.ts';
import { PayloadError, type PayloadInput, payloadBytes } from '../schemas/payload.ts';
import type { SendRequest } from '../schemas/send.ts';
import { parseDuration, whyNotDuration } from '../schemas/units.ts';
import type { SendPart } from '../workers/protocol.ts';

/** Largest UDP payload: 65,535 less the UDP header, and over IPv4 less the IP header. */
const LARGEST = { 4: 65_507, 6: 65_527 } as const;

type PartInput = NonNullable<SendRequest['sequence']>[number];

/** Throws a 400 naming the field. */
export function sendParts(request: SendRequest): SendPart[] {
  const { sequence, template = false } = request;
  if (sequence === undefined) return [payloadPart('', request, template)];
  if (hasPayload(request)) throw invalidField('/sequence', 'stands instead of one payload, not beside it');
  return sequence.map((part, i) => sequencePart(`/sequence/${i}`, part, template));
}

/** Throws 422 for what no datagram can hold. What hex digits and places give is known once they are filled in. */
export function checkSizes(protocol: 'udp' | 'tcp', host: string, parts: readonly SendPart[]): void {
  const largest = largestPayload(protocol, host);
  for (const part of parts) {
    if ('delay' in part || part.form === 'hex' || part.payload.length <= largest) continue;
    const detail = `a datagram takes ${largest} bytes at most, not ${part.payload.length} (EMSGSIZE)`;
    throw new ProblemError('unprocessable', detail);
  }
}

/** Throws 422 for what no frame can hold, as far as it is known before it is filled in. */
export function checkFrames(framing: Framing, parts: readonly SendPart[]): void {
  const codec = createCodec(framing);
  for (const part of parts) {
    if ('delay' in part || part.template || part.raw === true) continue;
    try {
      codec.encode(part.payload);
    } catch (error) {
      throw error instanceof FramingError ? new ProblemError('unprocessable', error.message) : error;
    }
  }
}

/** Bytes that one payload to an address may have. */
export function largestPayload(protocol: 'udp' | 'tcp', host: string): number {
  return protocol === 'tcp' ? Number.POSITIVE_INFINITY : LARGEST[isIP(host) === 6 ? 6 : 4];
}

function sequencePart(pointer: string, part: PartInput, template: boolean): SendPart {
  if (part.delay === undefined) return payloadPart(pointer, part, template);
  if (hasPayload(part)) throw invalidField(pointer, 'is a payload or a delay, not both');
  const delay = parseDuration(part.delay);
  if (delay === undefined) throw invalidField(`${pointer}/delay`, whyNotDuration(part.delay));
  return { delay };
}

function payloadPart(
  pointer: string,
  { raw = false, ...input }: PayloadInput & { raw?: boolean },
  template: boolean,
): SendPart {
  if (!template) return { payload: decoded(pointer, input), template, raw };
  if (input.base64 !== undefined) {
    if (pointer === '') throw invalidField('/template', 'works on text, json or hex');
    return { payload: decoded(pointer, input), template: false, raw };
  }
  try {
    payloadTemplate(input, { hasMessage: false });
  } catch (error) {
    const member = wrongMember(input, error);
    throw member === undefined ? error : invalidField(`${pointer}/${member}`, (error as Error).message);
  }
  const { form, source } = templateSource(input);
  return { payload: source, template: true, form, raw };
}

function decoded(pointer: string, input: PayloadInput): Uint8Array {
  try {
    return payloadBytes(input);
  } catch (error) {
    if (error instanceof PayloadError) throw invalidField(`${pointer}/${error.field}`, error.message);
    throw error;
  }
}

function hasPayload({ text, hex, base64, json, jsonText }: PayloadInput): boolean {
  return [text, hex, base64, json, jsonText].some((form) => form !== undefined);
}
