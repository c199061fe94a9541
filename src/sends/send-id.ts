/** Ids of sends: `s_` and the same digits as a listener's. */
import { listenerId, randomListenerNumber } from '../records/ids.ts';

export function freshSendId(): string {
  return `s_${listenerId(randomListenerNumber()).slice(2)}`;
}
