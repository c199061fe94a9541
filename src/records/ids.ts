/**
 * Ids in text and the numbers that stand for them inside chunks. A listener's number has 48 bits; its id is `l_` and ten
 * characters of Crockford's base 32 (lower case), so either can be computed from the other and no table is needed.
 */
import { randomBytes } from 'node:crypto';
import { THREAD_DEDICATED } from './chunk.ts';

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 10;

/** A fresh random listener number. */
export function randomListenerNumber(): number {
  return randomBytes(6).readUIntBE(0, 6);
}

/** `l_…` for a listener's number. */
export function listenerId(number: number): string {
  let text = '';
  for (let rest = number, i = 0; i < LENGTH; i++) {
    text = DIGITS[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return `l_${text}`;
}

/** The number in an id of the form `l_…`, undefined when it has another form. */
export function listenerNumber(id: string): number | undefined {
  if (!/^l_[0-9a-hjkmnp-tv-z]{10}$/.test(id)) return undefined;
  let number = 0;
  for (const digit of id.slice(2)) number = number * 32 + DIGITS.indexOf(digit);
  return number < 2 ** 48 ? number : undefined;
}

/** A fresh `s_…` for a send. */
export function randomSendId(): string {
  return `s_${listenerId(randomListenerNumber()).slice(2)}`;
}

/** `c_…` for the number of a connection, counted from 1 within its listener. */
export function connectionId(connection: number): string {
  return `c_${connection.toString(36)}`;
}

export function connectionNumber(id: string): number | undefined {
  const match = /^c_([0-9a-z]{1,7})$/.exec(id);
  return match === null ? undefined : Number.parseInt(match[1]!, 36);
}

/** The thread name that messages show: `main`, `shared-1`, `l_x-2`. */
export function threadName(thread: number, listener: number): string {
  if (thread === 0) return 'main';
  if ((thread & THREAD_DEDICATED) !== 0) return `${listenerId(listener)}-${thread & ~THREAD_DEDICATED}`;
  return `shared-${thread}`;
}

/** The thread number behind a name, -1 when it names none. The names of dedicated threads hold their listener too. */
export function threadOf(name: string): number {
  if (name === 'main') return 0;
  const match = /^(?:shared|(l_[0-9a-z]{10}))-(\d{1,5})$/.exec(name);
  if (match === null) return -1;
  return Number(match[2]) | (match[1] === undefined ? 0 : THREAD_DEDICATED);
}
