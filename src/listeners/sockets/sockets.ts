/**
 * Sockets that the main thread opens itself and hands to a thread to read. Such a socket outlives its thread: the
 * replacement goes on with it, and what the kernel had queued meanwhile is still there.
 */

import type { Endpoint } from '../../net/endpoint.ts';
import { sharedPoller } from '../../runtime/transports/udp/native/poller.ts';
import { closeUdpSocket, openUdpSocket } from '../../runtime/transports/udp/native/sockets.ts';
import type { FullSpec } from '../../schemas/listener.ts';
import type { Attachment } from '../../workers/protocol.ts';
import type { Binding } from '../listener.ts';
import { fixedSpec } from '../spec.ts';

export type OwnSocket = {
  readonly attachment: Attachment;
  readonly port: number;
  /** Only once no thread reads it any more. */
  close(): void;
};

/** Throws an Error with an errno `code`. Null where the thread opens sockets itself: TCP, and the portable engine. */
export function openSocket(
  spec: FullSpec,
  { index, thread, row }: Pick<Binding, 'index' | 'thread' | 'row'>,
  address: Endpoint,
): OwnSocket | null {
  if (spec.protocol !== 'udp' || thread.engine !== 'mmsg') return null;
  const { bindings, udp } = fixedSpec(spec);
  const droppedBefore = row.get('kernel');
  const { fd, address: bound } = openUdpSocket({ ...address, ...udp, binding: index, bindings });
  return {
    attachment: { fd, droppedBefore, poller: sharedPoller().access },
    port: bound.port,
    close: () => closeUdpSocket(fd),
  };
}
