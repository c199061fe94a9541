/**
 * Signals, from the first moment on: importing this is the first thing the program does, for what is imported after it
 * takes half a second. Process 1 of a container, which has no default actions, would lose a signal that comes meanwhile,
 * and its end would wait for SIGKILL.
 */

/** Exit codes by the custom of shells: 128 and the number of the signal. */
export const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
export type Signal = keyof typeof SIGNAL_CODES;
const ALL = Object.keys(SIGNAL_CODES) as Signal[];

const isService = process.argv[2] === 'serve';
let hangups = 0;

for (const signal of ALL) process.on(signal, endAtOnce);

/** Nothing is open yet: that is an orderly end of the service. SIGHUP asks it to read its file again, once it runs. */
function endAtOnce(signal: Signal): void {
  if (isService && signal === 'SIGHUP') hangups++;
  else process.exit(isService ? 0 : SIGNAL_CODES[signal]);
}

/** From now on the caller has handlers of its own for all three, in place before it calls. */
export function takeSignals(): void {
  for (const signal of ALL) process.off(signal, endAtOnce);
  if (hangups > 0) process.emit('SIGHUP', 'SIGHUP');
  hangups = 0;
}
