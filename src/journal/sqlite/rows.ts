/** What the statements of schema.ts take and give, in the store's words. */
import type { SQLInputValue } from 'node:sqlite';
import type { Conditions, Found, Row } from '../store.ts';

/** In the order of the conditions. */
export function conditionValues(c: Conditions): SQLInputValue[] {
  return [
    ...[c.since, c.until, c.kinds, c.thread, c.thread, c.exempt, c.directions, c.minSize, c.maxSize],
    ...[c.addresses, c.addresses, c.endpoints, c.endpoints],
  ];
}

export function asFound(values: unknown[]): Found {
  const [row, listener, first, skip, last, rest, fits] = values as number[];
  return {
    row: row!,
    listener: listener!,
    start: { major: first! - 1, minor: skip! },
    end: { major: last!, minor: rest! },
    fits: fits === 1,
  };
}

export function asRow(values: unknown[]): Row {
  const [row, listener, first, skip, last, rest, bytes, bytesBefore, incomingBefore] = values as number[];
  return {
    row: row!,
    listener: listener!,
    start: { major: first! - 1, minor: skip! },
    end: { major: last!, minor: rest! },
    bytes: bytes!,
    bytesBefore: bytesBefore!,
    incomingBefore: incomingBefore!,
  };
}
