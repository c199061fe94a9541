/** What a capture gives, packet by packet: the datagrams, and a count of everything else. */
import { Fragments } from './fragments.ts';
import type { Imported, ImportItem } from './import-item.ts';
import { datagramOf } from './packet.ts';

/** A packet as a capture holds it. `original` is its length on the wire, in bytes. */
export type CapturedPacket = Pick<ImportItem, 'at' | 'direction'> & {
  linkType: number;
  frame: Uint8Array;
  original: number;
};

export class Findings {
  readonly #items: ImportItem[] = [];
  readonly #fragments = new Fragments();
  readonly #linkTypes = new Map<number, number>();
  #snapped = 0;
  #foreign = 0;

  add({ at, direction, linkType, frame, original }: CapturedPacket): void {
    const found = datagramOf(linkType, frame, this.#fragments);
    if (typeof found !== 'string') this.#items.push({ at, direction, ...found });
    else if (found === 'short' && frame.length < original) this.#snapped++;
    else if (found !== 'piece') this.#foreign++;
    if (found === 'unknownLink') this.#linkTypes.set(linkType, (this.#linkTypes.get(linkType) ?? 0) + 1);
  }

  result(cutAt: number | null): Imported {
    const passedOver = {
      snapped: this.#snapped,
      foreign: this.#foreign,
      fragments: this.#fragments.lost,
      linkTypes: this.#linkTypes,
    };
    return { items: this.#items, passedOver, cutAt };
  }
}
