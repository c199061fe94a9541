/** A bar on standard error for what takes its time. Nothing is drawn where nobody looks. */
import { paintTalk } from '../session/output.ts';

/** Milliseconds before the first and between two drawings, and the width of the bar. */
const FIRST_DELAY_MS = 300;
const UPDATE_INTERVAL_MS = 100;
const WIDTH = 24;
/** Back to the start of the line, and clear it. */
const CLEAR = '\r\x1b[K';

export type Drawing = { write(text: string): unknown };

export class Progress {
  readonly #on: Drawing | undefined;
  #next = performance.now() + FIRST_DELAY_MS;
  #isDrawn = false;

  /** Without something to draw on it is silent. */
  constructor(on: Drawing | undefined) {
    this.#on = on;
  }

  /** `share` is 0 to 1, undefined where the end is not known. */
  update(share: number | undefined, text: string): void {
    if (this.#on === undefined || performance.now() < this.#next) return;
    this.#on.write(`${CLEAR}${share === undefined ? '' : `${bar(share)} `}${text}`);
    this.#isDrawn = true;
    this.#next = performance.now() + UPDATE_INTERVAL_MS;
  }

  /** Leaves no trace. */
  end(): void {
    if (this.#isDrawn) this.#on?.write(CLEAR);
    this.#isDrawn = false;
  }
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  return `${paintTalk('green', '█'.repeat(full))}${paintTalk('dim', '░'.repeat(WIDTH - full))} ${percent} %`;
}
