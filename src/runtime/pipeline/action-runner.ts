/**
 * Carries out what was decided. Actions that take no time are done on the spot; from the first delay on the message, its
 * link and the rest of its actions are kept. What is kept is bounded: a flood that meets a slow answer must not grow the
 * process. What finds no room is given up and counted.
 */
import { after } from '../../clock/timers.ts';
import type { Action } from './behavior.ts';
import type { Link, SendMeta } from './link.ts';
import type { Request } from './request.ts';
import type { SerialQueue } from './serial-queue.ts';
import { TemplateFault } from './template/template-error.ts';

/** Messages of one binding whose actions may wait for their time. */
export const PENDING_TASKS = 10_000;
/** Bytes of their payloads. */
export const PENDING_BYTES = 32 * 1024 * 1024;

/** What is left to do for one message. */
export type Task = {
  readonly actions: readonly Action[];
  /** The next action. */
  at: number;
  readonly request: Request;
  readonly link: Link;
  /** The ordinal of the message, for the records of what is sent. */
  readonly ordinal: number;
  readonly queue: SerialQueue<Task> | null;
  /** Calls off the delay under way. */
  cancel: () => void;
};

type Events = {
  /** All that was decided for a message is done. */
  done(): void;
  /** What was decided for a message is not, or not all, carried out. */
  suppressed(): void;
  /** An action of the message with this ordinal threw. The rest are left out, but for a template that did not fit. */
  failed(error: unknown, ordinal: number): void;
};

export class ActionRunner {
  readonly #events: Events;
  readonly #pending = new Set<Task>();
  #bytes = 0;
  #onIdle: (() => void) | null = null;

  constructor(events: Events) {
    this.#events = events;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Does all that can be done at once. The request and the link may be reused when this returns. They come one by one,
   * for this is called for each message, and an object a message is what makes the collector run.
   * @param queue the line in which the actions of messages wait for each other, null where they need not
   */
  start(
    actions: readonly Action[],
    request: Request,
    link: Link,
    ordinal: number,
    queue: SerialQueue<Task> | null,
  ): void {
    const isFree = queue?.isBusy !== true;
    const at = isFree ? this.#perform(actions, 0, request, link, ordinal) : 0;
    const isDone = at === actions.length;
    if (isDone || this.#isFull || queue?.isFull === true) {
      if (!isDone) this.#events.suppressed();
      this.#events.done();
      return;
    }
    const task = { actions, at, request: request.keep(), link: link.keep(), ordinal, queue, cancel: () => {} };
    this.#bytes += task.request.payload.length;
    if (isFree) this.#wait(task);
    else queue!.push(task);
  }

  /** Resolves when nothing is pending, or after so many milliseconds. */
  async drain(milliseconds: number): Promise<void> {
    if (this.#pending.size === 0 || milliseconds <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = after(milliseconds, resolve);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
    this.#onIdle = null;
  }

  /** Gives up what is pending and what waits for it. */
  cancel(): void {
    for (const task of [...this.#pending]) {
      task.cancel();
      for (const given of [task, ...(task.queue?.clear() ?? [])]) {
        this.#release(given);
        this.#events.suppressed();
      }
    }
  }

  get #isFull(): boolean {
    return this.#pending.size >= PENDING_TASKS || this.#bytes > PENDING_BYTES;
  }

  /** A task stands before a delay. */
  #wait(task: Task): void {
    const action = task.actions[task.at++] as Extract<Action, { do: 'delay' }>;
    this.#pending.add(task);
    if (task.queue !== null) {
      task.queue.isBusy = true;
      task.link.hold('answering', true);
    }
    task.cancel = after(typeof action.ms === 'number' ? action.ms : action.ms(), () => this.#resume(task));
  }

  #resume(task: Task): void {
    if (!this.#continue(task)) return;
    this.#runQueue(task);
    if (this.#pending.size === 0) this.#onIdle?.();
  }

  /** Goes on with a task; false when it waits again. */
  #continue(task: Task): boolean {
    task.at = this.#perform(task.actions, task.at, task.request, task.link, task.ordinal);
    if (task.at < task.actions.length) {
      this.#wait(task);
      return false;
    }
    this.#release(task);
    this.#events.done();
    return true;
  }

  /** Those that waited for this one, up to the next that takes time. A loop: most are done at once. */
  #runQueue({ queue, link }: Task): void {
    if (queue === null) return;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) if (!this.#continue(next)) return;
    queue.isBusy = false;
    link.hold('answering', false);
  }

  #release(task: Task): void {
    this.#pending.delete(task);
    this.#bytes -= task.request.payload.length;
  }

  /** Does the actions from `at` on up to the next delay; returns its place, or their number when all are done. */
  #perform(actions: readonly Action[], at: number, request: Request, link: Link, ordinal: number): number {
    for (let from = at; ; from = performing + 1) {
      try {
        return perform(actions, from, request, link, ordinal);
      } catch (error) {
        this.#events.failed(error, ordinal);
        // What can't be filled in is not sent; what follows it is done all the same.
        if (!(error instanceof TemplateFault)) return actions.length;
      }
    }
  }
}

/** The action under way. */
let performing = 0;
/** One for all: an answer allocates nothing for it. */
const META: SendMeta = { answers: 0, raw: false, repeats: false };

function perform(actions: readonly Action[], at: number, request: Request, link: Link, ordinal: number): number {
  for (let i = at; i < actions.length; i++) {
    const action = actions[i]!;
    switch (action.do) {
      case 'send':
        performing = i;
        META.answers = ordinal;
        META.raw = action.raw === true;
        META.repeats = action.repeats === true;
        link.send(typeof action.payload === 'function' ? action.payload(request) : action.payload, META);
        break;
      case 'delay':
        return i;
      case 'close':
        link.close(action.mode);
        return actions.length;
      case 'halfClose':
        link.halfClose?.();
        break;
      case 'pauseReading':
        link.pauseReading?.(action.ms);
        break;
      case 'setFraming':
        link.setFraming?.(action.framing);
        break;
      default:
        action satisfies never;
    }
  }
  return actions.length;
}
