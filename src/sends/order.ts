/**
 * From a request to an order a thread can carry out: payloads decoded, names resolved, addresses checked. Whatever can be
 * known before anything leaves is an error here; what the network says comes later, in the send's result.
 */
import { isIP } from 'node:net';
import { invalidField, ProblemError } from '../errors.ts';
import type { Listener } from '../listeners/listener.ts';
import { checkFraming } from '../listeners/spec.ts';
import { type AddressPolicy, resolveHost } from '../net/access-policy.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { randomSendId } from '../records/ids.ts';
import type { ImportView, SendRequest } from '../schemas/send.ts';
import { LONGEST_DURATION, parseDuration, whyNotDuration } from '../schemas/units.ts';
import type { ProtocolSendOptions, SendOrder, TcpSendOptions } from '../workers/protocol.ts';
import type { Replay } from './import/replay.ts';
import { checkFrames, checkSizes, largestPayload, sendParts } from './parts.ts';

export type OrderContext = {
  /** A listener by id or name; throws `not_found`. */
  use(ref: string): Listener;
  sendPolicy: AddressPolicy;
  /** Where a socket of a send's own may be bound. */
  bindPolicy: AddressPolicy;
};

/** An order and, when it goes out by a listener's own socket, that listener. */
export type PreparedSend = {
  order: SendOrder;
  from: Listener | null;
  /** Of the file that is replayed. */
  account: ImportView | undefined;
  isLong: boolean;
};

/** Repetitions when only a duration bounds them. */
const UNBOUNDED = 1_000_000_000;
/** More payloads than this take long enough that nobody should wait for the answer. */
const MANY = 100_000;
const REPLY_TIMEOUT = 2000;
/** Milliseconds that a send waits for a listener that is being opened. */
const OPENING = 2000;
const PLAIN_STREAM: TcpSendOptions = { framing: { type: 'none' }, halfClose: false, connections: 1 };

/** `given` stands instead of the request's own payload; it is told how many bytes a payload may have. Rejects with ProblemError: 400 for what is wrong in itself, 422 for what is impossible here, 403 by policy. */
export async function prepareSend(
  request: SendRequest,
  context: OrderContext,
  given?: (largest: number) => Replay,
): Promise<PreparedSend> {
  const own = given === undefined ? sendParts(request) : [];
  const timing = timingOf(request);
  const to = await destination(request, context);
  const { parts, account } =
    given === undefined ? { parts: own, account: undefined } : given(largestPayload(request.protocol, to.host));
  // The sender last: it may be given other sockets while a name is resolved.
  const local = await localAddress(request, to, context);
  const from = await senderOf(request, context);
  checkSizes(request.protocol, to.host, parts);
  const options = sendOptions(request);
  if (options.protocol === 'tcp') checkFrames(options.tcp.framing, parts);
  const source = from === null ? local : from.address;
  if (source !== null) checkFamilies(source.host, to.host);
  const order: SendOrder = {
    id: randomSendId(),
    to,
    local,
    parts,
    ...timing,
    expectReply: expectedReply(request),
    ...options,
  };
  const hasDelay = parts.some((part) => 'delay' in part);
  const isTimed = timing.interval > 0 || timing.duration !== null;
  return { order, from, account, isLong: isTimed || hasDelay || timing.count * parts.length > MANY };
}

function timingOf({
  count,
  rate,
  interval,
  duration,
}: SendRequest): Pick<SendOrder, 'count' | 'interval' | 'duration'> {
  if (rate != null && interval != null) throw invalidField('/interval', 'give rate or interval, not both');
  const lasts = duration == null ? null : checkedDuration('/duration', duration);
  const pause = interval == null ? 0 : checkedDuration('/interval', interval);
  if (rate != null && 1000 / rate > LONGEST_DURATION) throw invalidField('/rate', 'is less than one in 36500d');
  return {
    count: count ?? (lasts === null ? 1 : UNBOUNDED),
    interval: rate == null ? pause : 1000 / rate,
    duration: lasts,
  };
}

async function senderOf({ protocol, from }: SendRequest, context: OrderContext): Promise<Listener | null> {
  if (typeof from !== 'string') return null;
  const listener = known(from, context);
  const { id, name, spec } = listener;
  if (spec.protocol === 'tcp') {
    const path = `POST /v1/listeners/${name ?? id}/connections/{cid}/send`;
    throw invalidField('/from', `is a TCP listener, which sends on its connections: ${path}`);
  }
  if (protocol === 'tcp') throw invalidField('/from', 'is a UDP listener and the send is tcp');
  await mustListen(listener);
  return listener;
}

async function destination({ protocol, to }: SendRequest, context: OrderContext): Promise<Endpoint> {
  const { host, port, listener, family } = to;
  const endpoint = listener === undefined ? { host, port } : await reachable(known(listener, context), protocol);
  if (listener !== undefined && (host !== undefined || port !== undefined)) {
    throw invalidField('/to', 'give a listener or host and port, not both');
  }
  if (endpoint.host === undefined || endpoint.port === undefined) {
    throw invalidField('/to', 'needs host and port, or a listener, e.g. {"host": "127.0.0.1", "port": 9000}');
  }
  const address = await resolveHost(endpoint.host, family);
  context.sendPolicy.check(address);
  return { host: address, port: endpoint.port };
}

/** The address of a listener as this machine reaches it. */
async function reachable(listener: Listener, protocol: 'udp' | 'tcp'): Promise<Endpoint> {
  await mustListen(listener);
  if (listener.spec.protocol !== protocol) {
    throw invalidField('/to/listener', `is a ${listener.spec.protocol} listener and the send is ${protocol}`);
  }
  const { host, port } = listener.address!;
  return { host: { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host, port };
}

async function localAddress(
  { from }: SendRequest,
  to: Endpoint,
  { bindPolicy }: OrderContext,
): Promise<Endpoint | null> {
  if (from === undefined || typeof from === 'string') return null;
  const { host, port = 0 } = from;
  if (host === undefined && port === 0) return null;
  const address = await resolveHost(host ?? (isIP(to.host) === 6 ? '::1' : '127.0.0.1'));
  bindPolicy.check(address);
  return { host: address, port };
}

function expectedReply({ expectReply }: SendRequest): SendOrder['expectReply'] {
  if (expectReply == null) return null;
  const { count = 1, timeout = REPLY_TIMEOUT } = expectReply;
  return { count, timeout: checkedDuration('/expectReply/timeout', timeout) };
}

function sendOptions({ protocol, tcp }: SendRequest): ProtocolSendOptions {
  if (tcp !== undefined && protocol === 'udp') throw invalidField('/tcp', 'is for tcp, this send is udp');
  if (tcp?.framing !== undefined) checkFraming(tcp.framing);
  return protocol === 'udp' ? { protocol } : { protocol, tcp: { ...PLAIN_STREAM, ...tcp } };
}

function checkedDuration(pointer: string, value: string | number): number {
  return parseDuration(value) ?? fail(invalidField(pointer, whyNotDuration(value)));
}

function checkFamilies(from: string, to: string): void {
  if (isIP(from) === isIP(to) || from === '::') return;
  throw new ProblemError('unprocessable', `a socket on ${from} can't send to ${to}`);
}

/** One that is being given other sockets has a moment for it. */
async function mustListen(listener: Listener): Promise<void> {
  if (listener.state === 'opening') await listener.settled(OPENING);
  if (!listener.isOpen) throw notListening(listener);
}

export function notListening({ name, id, state }: Listener): ProblemError {
  return new ProblemError('not_listening', `listener ${name ?? id} is ${state}`);
}

/** A listener named in a body that does not exist makes the request impossible, it is not a wrong path. */
function known(ref: string, context: OrderContext): Listener {
  try {
    return context.use(ref);
  } catch (error) {
    const isAddress = isIP(ref) !== 0;
    const address = `${ref} is an address, not a listener: write {"host": "${ref}", "port": 9000}`;
    throw new ProblemError('unprocessable', isAddress ? address : (error as Error).message);
  }
}

function fail(error: Error): never {
  throw error;
}
