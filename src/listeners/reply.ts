/** Answers to a captured message: to its peer, from the listener's own socket or on the connection it came by. */
import { ProblemError } from '../errors.ts';
import type { MessagePeer } from '../journal/journal.ts';
import type { MessageLookup } from '../journal/ports.ts';
import { connectionId } from '../records/ids.ts';
import { singleOrder } from '../runtime/single-order.ts';
import type { UdpOrder } from '../workers/protocol.ts';
import { sendOnConnection } from './connections.ts';
import type { Listener } from './listener.ts';

export type Replied = { bytes: number; to: { address: string; port: number } };

/** Milliseconds that a reply waits for a listener that is being given other sockets. */
const OPENING = 2000;
/** Largest payload of a UDP datagram over IPv4. */
const LARGEST = 65_507;

export async function replyToMessage(
  listener: Listener,
  seq: number,
  { payload, raw, journal }: { payload: Uint8Array; raw: boolean; journal: MessageLookup },
): Promise<Replied> {
  const peer = await journal.peer(listener.number, seq);
  if (peer === undefined) throw new ProblemError('not_found', `listener ${listener.id} has no message ${seq}`);
  if (listener.state === 'opening') await listener.settled(OPENING);
  if (!listener.isOpen) throw new ProblemError('not_listening', `listener ${listener.id} is ${listener.state}`);
  const bytes = await send(listener, seq, { payload, raw, peer });
  // Whatever the responder is by now: what rules hold back waits on when others take their place.
  await release(listener, seq, { peer, journal });
  return { bytes, to: peer.remote };
}

async function send(
  listener: Listener,
  seq: number,
  { payload, raw, peer }: { payload: Uint8Array; raw: boolean; peer: MessagePeer },
): Promise<number> {
  if (peer.connection === undefined) return sendDatagram(listener, seq, { payload, peer });
  return sendOnConnection(listener, connectionId(peer.connection), payload, { raw, inReplyTo: seq });
}

/** What a rule holds back until the message is answered goes on. A message of an earlier life is nobody's. */
async function release(
  listener: Listener,
  seq: number,
  { peer: { recorded, thread }, journal }: { peer: MessagePeer; journal: MessageLookup },
): Promise<void> {
  if (((await journal.seqOf(recorded)) ?? seq) !== seq) return;
  const binding = listener.bindings.find((one) => !one.down && one.thread.name === thread);
  await binding?.thread.call('release', recorded).catch(() => {});
}

async function sendDatagram(
  listener: Listener,
  seq: number,
  { payload, peer }: { payload: Uint8Array; peer: MessagePeer },
): Promise<number> {
  if (payload.length > LARGEST) {
    throw new ProblemError(
      'unprocessable',
      `a datagram takes ${LARGEST} bytes at most, not ${payload.length} (EMSGSIZE)`,
    );
  }
  const to = { host: peer.remote.address, port: peer.remote.port };
  const order: UdpOrder = { protocol: 'udp', ...singleOrder(to, payload) };
  const request = { listener: listener.number, order, inReplyTo: seq };
  const outcome = await socketOf(listener, peer.thread).call('sendFrom', request);
  if (outcome.error !== null) {
    if (outcome.error.code === 'not_listening') throw new ProblemError('not_listening', outcome.error.message);
    throw new ProblemError('unprocessable', `${outcome.error.message} (${outcome.error.code})`);
  }
  return outcome.bytes;
}

/** The thread of the binding that received, or any other binding: all have the same port. */
function socketOf(listener: Listener, thread: string) {
  const up = listener.bindings.filter((binding) => !binding.down);
  const binding = up.find((one) => one.thread.name === thread) ?? up[0];
  if (binding === undefined) throw new ProblemError('worker_unavailable', 'the thread is being replaced');
  return binding.thread;
}
