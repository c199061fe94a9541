/** The account of an imported file: what is sent of it and what not, as numbers and in words. */

import type { Imported } from '../../pcap/import-item.ts';
import type { ImportView } from '../../schemas/send.ts';
import { linkTypeName } from './link-types.ts';

/** What became of the messages of a file. */
type Messages = { messages: number; snapped: number; otherDirection: number; oversized: number };

export function accountOf({ passedOver, cutAt }: Imported, messages: Messages): ImportView {
  const { snapped, foreign, fragments, linkTypes } = passedOver;
  return {
    ...messages,
    snapped: messages.snapped + snapped,
    foreign,
    fragments,
    unknownLinkTypes: [...linkTypes].map(([linkType, packets]) => ({ name: linkTypeName(linkType), packets })),
    cutAt,
  };
}

/** In words, beginning with a semicolon; empty when nothing was left out. */
export function passedOverText({ unknownLinkTypes, cutAt, ...counts }: ImportView): string {
  const links = unknownLinkTypes.map(({ name }) => name).join(', ');
  const words = [
    counts.snapped > 0 && `${counts.snapped} captured only in part`,
    counts.foreign > 0 &&
      `${counts.foreign} no UDP datagrams${links === '' ? '' : ` (link type ${links} is not read)`}`,
    counts.fragments > 0 && `${counts.fragments} fragments without their rest`,
    counts.oversized > 0 && `${counts.oversized} larger than a datagram can be`,
    counts.otherDirection > 0 && `${counts.otherDirection} of the other direction`,
  ].filter((word) => word !== false);
  const left = words.length === 0 ? '' : `; passed over: ${words.join(', ')}`;
  return cutAt === null ? left : `${left}; the file breaks off at byte ${cutAt}`;
}
