/**
 * From what was asked to what threads and journal need: defaults filled in, and every rule that a JSON schema can't
 * express. Each breach is a 400 that names the field.
 */
import { isDeepStrictEqual } from 'node:util';
import { invalidField } from '../errors.ts';
import type { CaptureLimits } from '../journal/journal.ts';
import { parseCidr } from '../net/access-policy.ts';
import type { Cidr } from '../net/address.ts';
import { createCodec } from '../runtime/framing/codecs.ts';
import type { Framing } from '../schemas/framing.ts';
import type { FullSpec, ListenerSpec } from '../schemas/listener.ts';
import { PayloadError } from '../schemas/payload.ts';
import type { PlainResponder } from '../schemas/responder.ts';
import { parseBytes, parseDuration, whyNotDuration } from '../schemas/units.ts';
import type { FixedSpec, ProtocolOptions, TcpOptions, UdpOptions } from '../workers/protocol.ts';
import { checkAccept, fillAccept } from './accept.ts';
import { fillFraming } from './framing.ts';
import { withoutPreset } from './presets.ts';
import { checkResponder, fillResponder } from './responder.ts';

/** The spec with every default filled in, checked. Throws a 400 naming the first wrong field. */
export function fillSpec(asked: ListenerSpec): FullSpec {
  checkSections(asked);
  const spec = withoutPreset(asked);
  const { family, udp, tcp, ...rest } = spec;
  const full: FullSpec = {
    ...rest,
    host: spec.host ?? '127.0.0.1',
    port: spec.port ?? 0,
    name: spec.name ?? null,
    labels: spec.labels ?? {},
    ttl: spec.ttl ?? null,
    threads: spec.threads ?? 1,
    pool: spec.pool ?? 'shared',
    concurrency: spec.concurrency ?? 'concurrent',
    maxRequests: spec.maxRequests ?? null,
    completeAfterIdle: spec.completeAfterIdle ?? null,
    allow: spec.allow ?? [],
    deny: spec.deny ?? [],
    paused: spec.paused ?? false,
    capture: {
      maxMessages: 10_000,
      maxBytes: '64MiB',
      maxAge: null,
      maxPayload: 65_535,
      overflow: 'dropOldest',
      ...spec.capture,
    },
    responder: fillResponder(spec.responder ?? { type: 'none' }, spec.protocol),
    strict: spec.strict ?? false,
    ...(family === undefined ? {} : { family }),
    ...(spec.protocol === 'udp' ? { udp: fillUdp(udp) } : { tcp: fillTcp(tcp) }),
  };
  checkFilled(full);
  return full;
}

/** Whether two specs ask for the same, however durations and sizes are written. */
export function sameSpec(a: FullSpec, b: FullSpec): boolean {
  return isDeepStrictEqual(normalized(a), normalized(b));
}

/** The members in which two specs differ. */
export function differences(a: FullSpec, b: FullSpec): (keyof FullSpec)[] {
  const [left, right] = [normalized(a), normalized(b)];
  const members = new Set([...Object.keys(left), ...Object.keys(right)]) as Set<keyof FullSpec>;
  return [...members].filter((member) => !isDeepStrictEqual(left[member], right[member]));
}

/** What the journal must know of the capture section. */
export function captureLimits({ capture }: FullSpec): CaptureLimits {
  return {
    maxMessages: capture.maxMessages,
    maxBytes: parseBytes(capture.maxBytes)!,
    maxAge: milliseconds(capture.maxAge),
    overflow: capture.overflow,
  };
}

/** What threads are told of the spec when they open it; the live part, who and where is the caller's. */
export function fixedSpec(full: FullSpec): FixedSpec {
  return {
    name: full.name,
    bindings: full.threads,
    sequential: full.concurrency === 'sequential',
    maxRequests: full.maxRequests,
    allow: full.allow.map(cidr),
    deny: full.deny.map(cidr),
    ...protocolOptions(full),
  };
}

/** Milliseconds of a duration that was checked before; null stays null. */
export function milliseconds(duration: string | number | null): number | null {
  return duration === null ? null : parseDuration(duration)!;
}

function fillUdp(udp: ListenerSpec['udp'] = {}): NonNullable<FullSpec['udp']> {
  return { receiveBuffer: '8MiB', ipv6Only: false, unreachable: false, ...udp };
}

function fillTcp(tcp: ListenerSpec['tcp'] = {}): NonNullable<FullSpec['tcp']> {
  return {
    backlog: 511,
    maxConnections: 1024,
    idleTimeout: '5m',
    noDelay: true,
    ...tcp,
    framing: fillFraming(tcp.framing ?? { type: 'none' }),
    accept: fillAccept(tcp.accept),
  };
}

function protocolOptions({ protocol, udp, tcp }: FullSpec): ProtocolOptions {
  return protocol === 'udp' ? { protocol, udp: udpOptions(udp) } : { protocol, tcp: tcpOptions(tcp) };
}

function udpOptions(udp = fillUdp()): UdpOptions {
  return { receiveBuffer: parseBytes(udp.receiveBuffer)!, ipv6Only: udp.ipv6Only };
}

function tcpOptions(tcp = fillTcp()): TcpOptions {
  const { backlog, maxConnections, noDelay, framing } = tcp;
  return {
    backlog,
    maxConnections,
    noDelay,
    framing,
    idleTimeout: milliseconds(tcp.idleTimeout) ?? 0,
    ipv6Only: false,
  };
}

function checkSections(spec: ListenerSpec): void {
  const other = spec.protocol === 'udp' ? 'tcp' : 'udp';
  if (spec[other] !== undefined)
    throw invalidField(`/${other}`, `is for ${other} listeners, this one is ${spec.protocol}`);
}

function checkFilled(full: FullSpec): void {
  if (full.concurrency === 'sequential' && full.threads > 1) {
    throw invalidField('/threads', 'must be 1 when concurrency is sequential: one request at a time');
  }
  checkDurations(full);
  checkCidrs('/allow', full.allow);
  checkCidrs('/deny', full.deny);
  checkResponder(full.responder, full);
  if (full.tcp?.framing !== undefined) checkFraming(full.tcp.framing);
  if (full.tcp?.accept !== undefined) checkAccept(full.tcp.accept);
}

function checkDurations(full: FullSpec): void {
  const durations = {
    '/ttl': full.ttl,
    '/completeAfterIdle': full.completeAfterIdle,
    '/capture/maxAge': full.capture.maxAge,
    '/tcp/idleTimeout': full.tcp?.idleTimeout ?? null,
  };
  for (const [pointer, duration] of Object.entries(durations)) {
    if (duration !== null && parseDuration(duration) === undefined) {
      throw invalidField(pointer, whyNotDuration(duration));
    }
  }
  for (const pointer of ['/ttl', '/completeAfterIdle'] as const) {
    if (milliseconds(durations[pointer]) === 0) throw invalidField(pointer, 'must be longer than 0');
  }
  const sizes = { '/capture/maxBytes': full.capture.maxBytes, '/udp/receiveBuffer': full.udp?.receiveBuffer ?? 0 };
  for (const [pointer, size] of Object.entries(sizes)) {
    if (parseBytes(size) === undefined) throw invalidField(pointer, 'is not a number of bytes');
  }
}

function checkCidrs(pointer: string, cidrs: readonly string[]): void {
  cidrs.forEach((text, i) => {
    if (parseCidr(text) === undefined) throw invalidField(`${pointer}/${i}`, `${text} is not an address or CIDR`);
  });
}

/** What a schema can't say of a framing; `/tcp/framing` in listeners and in sends. */
export function checkFraming(framing: Framing): void {
  try {
    createCodec(framing);
  } catch (error) {
    if (error instanceof PayloadError) throw invalidField(`/tcp/framing/${error.field}`, error.message);
    throw error;
  }
}

/** Everything in one way of writing, so that "5s" equals 5000. */
function normalized(full: FullSpec): Record<string, unknown> {
  return {
    ...full,
    ttl: milliseconds(full.ttl),
    completeAfterIdle: milliseconds(full.completeAfterIdle),
    capture: { ...full.capture, ...captureLimits(full) },
    ...(full.udp && { udp: { ...full.udp, receiveBuffer: parseBytes(full.udp.receiveBuffer) } }),
    ...(full.tcp && { tcp: normalizedTcp(full.tcp) }),
    responder: normalizedResponder(full.responder),
  };
}

function normalizedTcp(tcp: NonNullable<FullSpec['tcp']>) {
  const { idleTimeout, accept } = tcp;
  return {
    ...tcp,
    idleTimeout: milliseconds(idleTimeout) ?? 0,
    accept: { ...accept, for: milliseconds(accept.for) },
  };
}

function normalizedResponder(responder: PlainResponder): unknown {
  if (responder.type !== 'reply' || responder.delay === undefined) return responder;
  return { ...responder, delay: parseDuration(responder.delay) };
}

function cidr(text: string): Cidr {
  return parseCidr(text)!;
}
