/** The open TCP connections of one listener: each lives in one of its threads, and only that thread knows it. */
import type { CloseMode, ConnectionView } from '../domain.ts';
import { ProblemError } from '../errors.ts';
import { rfc3339 } from '../net/text.ts';
import { connectionId, connectionNumber } from '../records/ids.ts';
import type { ReplyOf, RequestOf } from '../rpc/protocol.ts';
import type { ConnectionState, WorkerCommand, WorkerProtocol } from '../workers/protocol.ts';
import type { Listener } from './listener.ts';

export async function listConnections(listener: Listener): Promise<ConnectionView[]> {
  if (listener.spec.protocol === 'udp') return [];
  const lists = await ask(listener, 'connections', { listener: listener.number });
  return lists.flatMap(({ thread, answer }) => answer.map((state) => connectionView(state, thread)));
}

/** Bytes written. */
export async function sendOnConnection(
  listener: Listener,
  id: string,
  payload: Uint8Array,
  how: { raw: boolean; inReplyTo?: number },
): Promise<number> {
  const connection = numberOf(listener, id);
  const request = { listener: listener.number, connection, payload, ...how };
  const answers = await ask(listener, 'connectionSend', request).catch(impossible);
  const written = answers.find(({ answer }) => answer !== null)?.answer;
  return written ?? unknownConnection(listener, id);
}

/** Returns what the change made of the connection: it may be gone a moment later. */
export async function updateConnection(
  listener: Listener,
  id: string,
  change: { reading?: boolean; writing?: boolean },
): Promise<ConnectionView> {
  const connection = numberOf(listener, id);
  const answers = await ask(listener, 'connectionUpdate', { listener: listener.number, connection, ...change });
  for (const { thread, answer } of answers) if (answer !== null) return connectionView(answer, thread);
  return unknownConnection(listener, id);
}

export async function closeConnection(listener: Listener, id: string, mode: CloseMode): Promise<void> {
  const connection = numberOf(listener, id);
  const answers = await ask(listener, 'connectionClose', { listener: listener.number, connection, mode });
  if (!answers.some(({ answer }) => answer)) unknownConnection(listener, id);
}

/**
 * The same question to all threads of a listener; a thread that dies has no connections any more. Rejects with what one
 * of them says against it.
 */
async function ask<K extends WorkerCommand>(
  listener: Listener,
  name: K,
  request: RequestOf<WorkerProtocol, K>,
): Promise<{ thread: string; answer: ReplyOf<WorkerProtocol, K> }[]> {
  const up = listener.bindings.filter((binding) => !binding.down);
  const asked = up.map(async ({ thread }) => ({ thread: thread.name, answer: await thread.call(name, request) }));
  const settled = await Promise.allSettled(asked);
  const refusal = settled.find((result) => result.status === 'rejected' && result.reason.code !== 'worker_unavailable');
  if (refusal !== undefined) throw (refusal as PromiseRejectedResult).reason;
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

function connectionView(state: ConnectionState, thread: string): ConnectionView {
  const { connection, remote, openedAt, ...rest } = state;
  return {
    id: connectionId(connection),
    remote: remote === null ? null : { address: remote.host, port: remote.port },
    openedAt: rfc3339(openedAt),
    thread,
    ...rest,
  };
}

/** A payload that no frame can hold is the request's fault. */
function impossible(error: Error & { code?: string }): never {
  throw error.code === 'framing_error' ? new ProblemError('unprocessable', error.message) : error;
}

function numberOf(listener: Listener, id: string): number {
  return connectionNumber(id) ?? unknownConnection(listener, id);
}

function unknownConnection(listener: Listener, id: string): never {
  throw new ProblemError('not_found', `listener ${listener.name ?? listener.id} has no open connection ${id}`);
}
