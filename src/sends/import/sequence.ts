/** From imported messages to the parts of a send that replays them. */

import type { ImportItem } from '../../pcap/import-item.ts';
import type { SendPart } from '../../workers/protocol.ts';

export type SequenceOptions = {
  /** Factor on the time between messages: 1 as recorded, 0.5 twice as fast, 0 as fast as it goes. */
  scale: number;
  /** Only messages of this direction, and those whose direction is not known; absent = all. */
  direction?: 'in' | 'out';
};

/**
 * Payloads in file order with the pauses between them. A pause is whole milliseconds, which is what timers keep; what
 * rounding leaves over goes into the next one, so the end comes when it should. Messages that are out of order in time
 * (threads record side by side) follow at once.
 */
export function toSequence(items: readonly ImportItem[], options: SequenceOptions): SendPart[] {
  const chosen = items.filter(({ direction }) => isWanted(direction, options.direction));
  const start = chosen[0]?.at ?? 0n;
  const parts: SendPart[] = [];
  let paused = 0;
  for (const { at, payload } of chosen) {
    const due = Math.floor((Number(at - start) / 1e6) * options.scale);
    if (due > paused) {
      parts.push({ delay: due - paused });
      paused = due;
    }
    parts.push({ payload, template: false });
  }
  return parts;
}

/** Whether a message is asked for; one whose direction is not known is. */
export function isWanted(direction: ImportItem['direction'], asked: SequenceOptions['direction']): boolean {
  return asked === undefined || direction === null || direction === asked;
}
