/** The test of where a message came from, or went. */
import { type PeerPattern, peerHolds } from './peer.ts';
import type { Test } from './test.ts';
import type { Words } from './words.ts';

/** @param text the peer as it was asked for */
export function remoteTest(peer: PeerPattern, text: string, words: Words): Test {
  return {
    holds: (subject) =>
      subject.hasRemote && peerHolds(peer, subject.remoteBytes, subject.remoteOffset, subject.remotePort),
    miss: (subject) => ({ why: words.otherRemote(subject, text), closeness: 0.2 }),
  };
}
