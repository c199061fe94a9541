/**
 * Reads on when a body is refused, so that the client sees why: one that still sends while the connection is closed
 * sees a broken pipe instead.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** How much is read for nothing, in bytes, and for how long, in milliseconds. */
const BOUNDS = { largest: 256 * 1024 ** 2, timeoutMs: 5000 };

/** Returns whether the request was read to its end; else the connection can't be used again. */
export async function discardBody(request: IncomingMessage, { largest, timeoutMs } = BOUNDS): Promise<boolean> {
  if (request.complete) return true;
  if (Number(request.headers['content-length'] ?? 0) > largest) return false;
  const over = new AbortController();
  const { signal } = over;
  let read = 0;
  const count = (chunk: Uint8Array) => {
    read += chunk.length;
    if (read > largest) over.abort();
  };
  request.on('data', count).resume();
  const ended = Promise.race(['end', 'close'].map((event) => once(request, event, { signal })));
  await Promise.race([ended, sleep(timeoutMs, null, { signal })]).catch(() => {});
  over.abort();
  request.off('data', count);
  return request.complete;
}
