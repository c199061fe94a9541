/**
 * Carries out what was decided. Actions that take no time are done on the spot; from the first delay on the message, its
 * link and the rest of its actions are kept. What is kept is bounded: a flood that meets a slow answer must not grow the
 * process. What finds no room is given up and counted.
 */
import { after } from '../../clock/timers.ts';
import { type Action, type Destination, payloadFor, type ReplyFrom } from './behavior.ts';
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
  /** Calls off the time that it waits for. */
  cancel: () => void;
};

type Events = {
  /** All that was decided for the message with this ordinal is done. */
  done(ordinal: number): void;
  /** Another way to the peer of a message than that by which it came; null when it can't be had. */
  way(from: ReplyFrom, request: Request): Link | null;
  /** Sends to somebody else than the peer. */
  sendTo(destination: Destination, payload: Uint8Array, meta: Readonly<SendMeta>): void;
  /** What was decided for a message is not, or not all, carried out. */
  suppressed(): void;
  /** An action of the message with this ordinal threw. The rest are left out, but for a template that did not fit. */
  failed(error: unknown, ordinal: number): void;
};

export class ActionRunner {
  readonly #events: Events;
  readonly #pending = new Set<Task>();
  /** Those that wait for an answer from outside, by the ordinal of their message. */
  readonly #held = new Map<number, Task>();
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
      this.#events.done(ordinal);
      return;
    }
    const task = { actions, at, request: request.keep(), link: link.keep(), ordinal, queue, cancel: () => {} };
    this.#bytes += task.request.payload.length;
    if (isFree) this.#wait(task);
    else queue!.push(task, request.turn);
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

  /** The message with this ordinal was answered: its list goes on. False when it does not wait for that. */
  release(ordinal: number): boolean {
    const task = this.#held.get(ordinal >>> 0);
    if (task === undefined) return false;
    task.cancel();
    this.#resume(task);
    return true;
  }

  /** The peer of a line is gone: nobody waits any more for an answer to it from outside. */
  releaseAll(queue: SerialQueue<Task>): void {
    for (let task = queue.underWay; task !== null && this.release(task.ordinal); task = queue.underWay);
  }

  /** A task stands before what takes time. */
  #wait(task: Task): void {
    const action = task.actions[task.at++] as Extract<Action, { do: 'delay' | 'hold' }>;
    if (action.do === 'hold') this.#held.set(task.ordinal >>> 0, task);
    this.#pending.add(task);
    if (task.queue !== null) {
      task.queue.underWay = task;
      task.link.hold('answering', true);
    }
    task.cancel = after(typeof action.ms === 'number' ? action.ms : action.ms(), () => this.#resume(task));
  }

  #resume(task: Task): void {
    this.#held.delete(task.ordinal >>> 0);
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
    this.#events.done(task.ordinal);
    return true;
  }

  /** Those that waited for this one, up to the next that takes time. A loop: most are done at once. */
  #runQueue({ queue, link }: Task): void {
    if (queue === null) return;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) if (!this.#continue(next)) return;
    queue.underWay = null;
    link.hold('answering', false);
  }

  #release(task: Task): void {
    this.#pending.delete(task);
    this.#held.delete(task.ordinal >>> 0);
    this.#bytes -= task.request.payload.length;
  }

  /** Does the actions from `at` on up to the next that takes time; returns its place, or their number when all are done. */
  #perform(actions: readonly Action[], at: number, request: Request, link: Link, ordinal: number): number {
    for (let from = at; ; from = performing + 1) {
      try {
        return perform(actions, from, request, link, ordinal, this.#events);
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
const META: SendMeta = { answers: 0, raw: false, repeats: false, rule: '' };

function perform(
  actions: readonly Action[],
  at: number,
  request: Request,
  link: Link,
  ordinal: number,
  ways: Pick<Events, 'sendTo' | 'way'>,
): number {
  for (let i = at; i < actions.length; i++) {
    const action = actions[i]!;
    switch (action.do) {
      case 'send':
        performing = i;
        META.answers = ordinal;
        META.raw = action.raw === true;
        META.repeats = action.repeats === true;
        META.rule = request.eventRule;
        sendReply(action, request, action.from === undefined ? link : ways.way(action.from, request));
        break;
      case 'sendTo':
        performing = i;
        META.answers = ordinal;
        META.raw = true;
        META.repeats = false;
        META.rule = action.rule;
        ways.sendTo(action.destination, payloadFor(action.payload, request), META);
        break;
      case 'delay':
      case 'hold':
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

/** A way that can't be had was told where it was asked for. */
function sendReply({ payload }: Extract<Action, { do: 'send' }>, request: Request, way: Link | null): void {
  way?.send(payloadFor(payload, request), META);
}
