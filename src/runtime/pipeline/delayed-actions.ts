/**
 * Carries out answers that take time: replies and delays in order. What can be sent at once never comes here. Bounded:
 * a flood that meets a delaying responder must not grow the process.
 */

import { after } from '../../timers.ts';
import type { Step } from './responders/responder.ts';

/** Answers of one binding that may wait at a time. */
export const PENDING_ANSWERS = 10_000;
/** Payload bytes they may hold. */
export const PENDING_BYTES = 32 * 1024 * 1024;

type Pending = {
  steps: readonly Step[];
  at: number;
  bytes: number;
  reply: ReplyCall;
  done: DoneCall;
  /** Calls off the delay under way. */
  cancel: () => void;
};
type ReplyCall = (payload: Uint8Array) => void;
/** `complete` is false when the answer was given up. */
type DoneCall = (complete: boolean) => void;

export class DelayedActions {
  readonly #pending = new Set<Pending>();
  #bytes = 0;
  #idle: (() => void) | null = null;

  get pending(): number {
    return this.#pending.size;
  }

  /** Runs the steps. False: there is no room, nothing was and nothing will be done. */
  run(steps: readonly Step[], reply: ReplyCall, done: DoneCall): boolean {
    if (this.#pending.size >= PENDING_ANSWERS || this.#bytes > PENDING_BYTES) return false;
    const bytes = steps.reduce((sum, step) => sum + ('reply' in step ? step.reply.length : 0), 0);
    const pending: Pending = { steps, at: 0, bytes, reply, done, cancel: () => {} };
    this.#pending.add(pending);
    this.#bytes += bytes;
    this.#goOn(pending);
    return true;
  }

  /** Resolves when nothing is pending, or after so many milliseconds. */
  async drain(milliseconds: number): Promise<void> {
    if (this.#pending.size === 0 || milliseconds <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = after(milliseconds, resolve);
      this.#idle = () => {
        cancel();
        resolve();
      };
    });
    this.#idle = null;
  }

  /** Gives up what is pending; answers how many. */
  cancel(): number {
    const given = [...this.#pending];
    for (const pending of given) {
      pending.cancel();
      this.#end(pending, false);
    }
    return given.length;
  }

  /** One that can't be gone on with is given up; why is for the thread's last net to tell. */
  #goOn(pending: Pending): void {
    try {
      this.#takeSteps(pending);
    } catch (error) {
      this.#end(pending, false);
      throw error;
    }
  }

  #takeSteps(pending: Pending): void {
    while (pending.at < pending.steps.length) {
      const step = pending.steps[pending.at++]!;
      if ('delay' in step) {
        pending.cancel = after(step.delay, () => this.#goOn(pending));
        return;
      }
      pending.reply(step.reply);
    }
    this.#end(pending, true);
  }

  #end(pending: Pending, complete: boolean): void {
    this.#pending.delete(pending);
    this.#bytes -= pending.bytes;
    pending.done(complete);
    if (this.#pending.size === 0) this.#idle?.();
  }
}
