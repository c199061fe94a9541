/** One payload that leaves once, from any local address, with no reply waited for. */
import type { Endpoint } from '../net/endpoint.ts';
import { randomSendId } from '../records/ids.ts';
import type { SendOrder } from '../workers/protocol.ts';

type Single = Pick<SendOrder, 'id' | 'to' | 'local' | 'parts' | 'count' | 'interval' | 'duration' | 'expectReply'>;

/** What an order of it says, whatever the protocol. */
export function singleOrder(to: Endpoint, payload: Uint8Array): Single {
  return {
    id: randomSendId(),
    to,
    local: null,
    parts: [{ payload, template: false }],
    count: 1,
    interval: 0,
    duration: null,
    expectReply: null,
  };
}
