/** Tests of text without regard to the case of ASCII letters. On bytes: other letters are what they are in UTF-8. */
import { asBuffer } from '../as-buffer.ts';
import { upperCase } from '../upper-case.ts';
import { textPattern } from './pattern.ts';
import type { Test } from './test.ts';

/** Where the text is looked for in a payload that is as long at least. */
const PLACES = {
  equals: (payload: Uint8Array, length: number) => (payload.length === length ? payload : null),
  startsWith: (payload: Uint8Array, length: number) => payload.subarray(0, length),
  endsWith: (payload: Uint8Array, length: number) => payload.subarray(payload.length - length),
  contains: (payload: Uint8Array) => payload,
} as const;

const LACKS = {
  equals: 'is not',
  startsWith: 'does not start with',
  endsWith: 'does not end with',
  contains: 'does not contain',
} as const;

/** Throws SyntaxError on text that no UTF-8 can hold. */
export function ignoreCaseTest(name: keyof typeof PLACES, text: string): Test {
  const wanted = asBuffer(upperCase(textPattern(text).bytes));
  const why = `text ${LACKS[name]} ${JSON.stringify(text)}, whatever the case`;
  return {
    holds({ payload }) {
      if (payload.length < wanted.length) return false;
      const place = PLACES[name](payload, wanted.length);
      return place !== null && asBuffer(upperCase(place)).includes(wanted);
    },
    miss: () => ({ why, closeness: 0 }),
  };
}
