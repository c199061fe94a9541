/**
 * Sockets that the main thread opens itself and hands to threads. Such a socket outlives its threads: the replacement of
 * one goes on with it, and what the kernel had queued meanwhile is still there, datagrams and connections alike.
 */
import type { Endpoint } from '../../net/endpoint.ts';
import { sharedPoller } from '../../runtime/transports/udp/native/poller.ts';
import { closeSocket, openTcpSocket, openUdpSocket } from '../../runtime/transports/udp/native/sockets.ts';
import type { FullSpec } from '../../schemas/listener.ts';
import type { Attachment } from '../../workers/protocol.ts';
import type { Binding } from '../listener.ts';
import { fixedSpec } from '../spec.ts';

export type OwnSocket = {
  readonly attachment: Attachment;
  readonly port: number;
  /** Threads listen on it by descriptors of their own, so it may be closed at any time; a datagram socket only once no thread reads it. */
  readonly isListening: boolean;
  close(): void;
};

/**
 * The socket of one binding: each has a UDP socket of its own; those of a TCP listener share that of the first.
 * Throws an Error with an errno `code`. Null where the thread opens sockets itself: with the portable engine.
 */
export function openSocket(
  spec: FullSpec,
  { index, thread, row }: Pick<Binding, 'index' | 'thread' | 'row'>,
  address: Endpoint,
  first: OwnSocket | null,
): OwnSocket | null {
  if (thread.engine !== 'mmsg') return null;
  if (spec.protocol === 'udp') return openUdp(spec, { index, row }, address);
  return first === null ? openTcp(spec, address) : { ...first, close: () => {} };
}

function openUdp(spec: FullSpec, { index, row }: Pick<Binding, 'index' | 'row'>, address: Endpoint): OwnSocket {
  const { bindings, udp } = fixedSpec(spec);
  const { fd, address: bound } = openUdpSocket({ ...address, ...udp, binding: index, bindings });
  return {
    attachment: { fd, droppedBefore: row.get('kernel'), poller: sharedPoller().access },
    port: bound.port,
    isListening: false,
    close: () => closeSocket(fd),
  };
}

function openTcp(spec: FullSpec, address: Endpoint): OwnSocket {
  const { backlog, ipv6Only } = fixedSpec(spec).tcp;
  const { fd, address: bound } = openTcpSocket({ ...address, backlog, ipv6Only });
  return {
    attachment: { fd, droppedBefore: 0, poller: sharedPoller().access },
    port: bound.port,
    isListening: true,
    close: () => closeSocket(fd),
  };
}
