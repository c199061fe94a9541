/** Silence on a socket, of any length: a socket's own time-out takes no more than a timer does. */
import { LONGEST_TIMER } from '../../../clock/timers.ts';
import type { StreamSocket } from './stream.ts';

/** Calls back when nothing was read or written for so many milliseconds. */
export function whenSilent(socket: StreamSocket, milliseconds: number, callback: () => void): void {
  const traffic = () => socket.bytesRead + socket.bytesWritten;
  const watch = (before: number) => {
    const seen = traffic();
    const span = Math.min(milliseconds - before, LONGEST_TIMER);
    socket.setTimeout(span);
    socket.once('timeout', () => {
      const silent = span + (traffic() === seen ? before : 0);
      if (silent < milliseconds) watch(silent);
      else callback();
    });
  };
  watch(0);
}
