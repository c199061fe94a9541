/**
 * What people are told of a message that failed a test, where that is worded in two ways: of a match the words say what
 * was expected, of a filter what the message is. Both are promised. All else has one wording, beside its test.
 */

import { shownValue } from '../json/value-at.ts';
import { addressText } from '../net/address.ts';
import type { BytePattern } from './pattern.ts';
import { nearestMiss, patternText } from './pattern-text.ts';
import type { Subject } from './subject.ts';

export type Words = {
  readonly notJson: string;
  lacksText(text: string): string;
  lacksBytes(payload: Uint8Array, pattern: BytePattern): string;
  jsonLacks(pointer: string): string;
  /** Both values are JSON text. */
  jsonDiffers(pointer: string, was: string, wanted: string): string;
  /** @param wanted the peer as it was asked for */
  otherRemote(subject: Subject, wanted: string): string;
};

export const MATCH_WORDS: Words = {
  notJson: 'it is not JSON',
  lacksText: (text) => `text does not contain ${JSON.stringify(text.slice(0, 200))}`,
  lacksBytes: (_payload, pattern) => `bytes do not contain ${patternText(pattern)}`,
  jsonLacks: (pointer) => `JSON has no ${pointer || 'document'}`,
  jsonDiffers: (pointer, was, wanted) => `JSON ${pointer} is ${shownValue(was)}, expected ${shownValue(wanted)}`,
  otherRemote: (_subject, wanted) => `it did not come from ${wanted}`,
};

export const FILTER_WORDS: Words = {
  notJson: 'is not JSON',
  lacksText: (text) => `text does not contain ${JSON.stringify(text)}`,
  lacksBytes: nearestMiss,
  jsonLacks: (pointer) => `JSON has nothing at "${pointer}"`,
  jsonDiffers: (pointer, was, wanted) => `JSON at "${pointer}" is ${shownValue(was)}, not ${shownValue(wanted)}`,
  otherRemote: (subject) => (subject.hasRemote ? `remote is ${endpointText(subject)}` : 'has no remote address'),
};

function endpointText({ remoteBytes, remoteOffset, remotePort }: Subject): string {
  const address = addressText(remoteBytes, remoteOffset);
  return `${address.includes(':') ? `[${address}]` : address}:${remotePort}`;
}
