/** Whoever waits for an answer, and may leave before it comes. */
export class Cancellation {
  gone = false;
  #onLeave: (() => void) | undefined;

  /** Called once when the caller leaves. */
  onLeave(callback: () => void): void {
    this.#onLeave = callback;
  }

  leave(): void {
    if (this.gone) return;
    this.gone = true;
    this.#onLeave?.();
  }
}
