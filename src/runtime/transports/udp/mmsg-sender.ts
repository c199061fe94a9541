/**
 * A listener's own socket as a way out for one order: datagrams leave in batches through sendmmsg and are recorded as
 * `out` with the id of the send.
 */
import { encodeExtras } from '../../../records/chunk.ts';
import type { Endpoint, SendOrder } from '../../../workers/protocol.ts';
import { COLUMN } from '../../counters.ts';
import type { ReplyWatch } from '../../pipeline/reply-waiters.ts';
import type { DatagramOutlet } from '../../transmit/datagrams.ts';
import type { BindingContext } from '../transport.ts';
import type { Station } from './mmsg.ts';
import { BatchSender } from './native/batch-sender.ts';
import type { Outbox } from './native/send-batch.ts';
import { familyOf, socketAddress } from './native/sockaddr.ts';

export type OutletOptions = {
  station: Station;
  context: BindingContext;
  fd: number;
  local: Endpoint;
  watch: ReplyWatch;
  /** Bytes kept of what is sent. */
  keep: number;
  isOpen(): boolean;
};

/** @param answersSeq the seq of the message that the order answers, if any */
export function outletFor(order: SendOrder, answersSeq: number | undefined, options: OutletOptions): DatagramOutlet {
  const { station, context, fd, local, watch, isOpen } = options;
  const { recorder } = context;
  const batch = new BatchSender({
    libc: station.libc,
    fd,
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

function recording(order: SendOrder, answersSeq: number | undefined, { station, context, keep }: OutletOptions) {
  const { writer, clock } = station;
  const { row } = context.counters;
  const extras = encodeExtras({ sendId: order.id });
  return (outbox: Outbox, first: number, count: number): void => {
    const at = clock.read();
    writer.open(context.recorder);
    for (let i = first; i < first + count; i++) {
      const size = outbox.size(i);
      row[COLUMN.sent]!++;
      row[COLUMN.sentBytes]! += size;
      writer.sent(outbox, i, { size, keep, at, extras, answersSeq });
    }
    writer.close();
  };
}
