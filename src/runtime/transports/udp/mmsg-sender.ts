/**
 * A listener's own socket as a way out for one order: datagrams leave in batches through sendmmsg and are recorded as
 * `out` with the id of the send.
 */

import type { Endpoint } from '../../../net/endpoint.ts';
import { encodeExtras } from '../../../records/chunk.ts';
import type { UdpOrder } from '../../../workers/protocol.ts';
import { COLUMN } from '../../counters.ts';
import { BatchSender } from '../../native/batch-sender.ts';
import type { SendBatch } from '../../native/send-batch.ts';
import { familyOf, socketAddress } from '../../native/sockaddr.ts';
import type { ReplyWaiters } from '../../pipeline/reply-waiters.ts';
import type { DatagramSender } from '../../transmit/datagrams.ts';
import type { BindingContext } from '../../transport.ts';
import type { ThreadResources } from './thread-resources.ts';

export type SenderOptions = {
  resources: ThreadResources;
  context: BindingContext;
  /** The listener's socket, which another may relieve while the order is carried out. */
  fd(): number;
  local: Endpoint;
  watch: ReplyWaiters;
  /** Bytes kept of what is sent. */
  keep: number;
  isOpen(): boolean;
};

/** @param answersSeq the seq of the message that the order answers, if any */
export function senderFor(order: UdpOrder, answersSeq: number | undefined, options: SenderOptions): DatagramSender {
  const { resources, context, fd, local, watch, isOpen } = options;
  const { recorder } = context;
  const batch = new BatchSender({
    libc: resources.libc,
    get fd() {
      return fd();
    },
    name: socketAddress(order.to, familyOf(local.host)),
    expected: order.count * order.parts.length,
    isOpen,
    onSent: recording(order, answersSeq, options),
    mayGoOn: () => (recorder.hasCredit ? undefined : new Promise((resolve) => recorder.onCredit(resolve))),
  });
  let stop = () => {};
  return {
    local,
    batch,
    send: async (payload) => {
      batch.push(payload);
      let failure: Error | null = null;
      await batch.flush((_bytes, error) => {
        failure = error;
      });
      if (failure !== null) throw failure;
    },
    listen: (onReply) => {
      stop = watch.add(order.to, onReply);
    },
    close: () => stop(),
  };
}

function recording(order: UdpOrder, answersSeq: number | undefined, { resources, context, keep }: SenderOptions) {
  const { writer, clock } = resources;
  const { row } = context.counters;
  const extras = encodeExtras({ sendId: order.id });
  return (batch: SendBatch, first: number, count: number): void => {
    const at = clock.read();
    writer.open(context.recorder);
    for (let i = first; i < first + count; i++) {
      const size = batch.size(i);
      row[COLUMN.sent]!++;
      row[COLUMN.sentBytes]! += size;
      writer.sent(batch, i, { size, keep, at, extras, answersSeq });
    }
    writer.close();
  };
}
