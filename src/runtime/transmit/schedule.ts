/**
 * Script: what a transmission sends and when. The parts in order, so many times, on a schedule of absolute times, so that
 * a late timer is made up for. Yields to the event loop all the while: other listeners live in this thread.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, pause, systemClock } from '../../clock/clock.ts';
import { addressBytes } from '../../net/address.ts';
import type { SendOrder, SendPart } from '../../workers/protocol.ts';
import { Request } from '../pipeline/request.ts';
import { compileTemplate } from '../pipeline/template/compile.ts';
import { TemplateFault } from '../pipeline/template/template-error.ts';
import type { SendControl } from '../transport.ts';
import type { SendProgress } from './send-progress.ts';

/** Milliseconds of sending without a turn of the loop. */
const SHARE = 2;

export type ScriptOptions = {
  order: SendOrder;
  control: SendControl;
  sendProgress: SendProgress;
  /** Shown by `{{thread}}`. */
  thread: string;
  /** Sends one payload of a repetition; resolves when there is room for more. Notes its own errors. */
  send(payload: Uint8Array, repetition: number, raw: boolean): Promise<void> | void;
  /** Lets go what `send` has held back, before every pause. */
  settle?: () => Promise<void>;
  /** The platform's by default. */
  clock?: Clock;
};

type Step = { delay: number } | { raw: boolean; make: () => Uint8Array };

/** Resolves when all is sent, time is up, it is called off, or nothing can be sent any more. */
export async function runScript(options: ScriptOptions): Promise<void> {
  const { order, control, sendProgress, clock = systemClock } = options;
  const { signal } = control;
  const request = exchangeFor(options);
  const steps = order.parts.map((part) => stepOf(part, request));
  const begun = clock.monotonic();
  let repetitions = 0;
  const reportNow = () => report(options, repetitions, clock.monotonic() - begun);
  const pace = new Pace(signal, { clock, settle: options.settle, report: reportNow });
  for (let i = 0; i < order.count; i++) {
    if (order.interval > 0) await pace.until(begun + i * order.interval);
    const elapsed = clock.monotonic() - begun;
    if (signal.aborted || sendProgress.stopped || (order.duration !== null && i > 0 && elapsed >= order.duration))
      return;
    request.n = i + 1;
    for (const step of steps) {
      if ('delay' in step) await pace.until(clock.monotonic() + step.delay);
      else {
        const payload = filled(step, sendProgress);
        const sending = payload === null ? undefined : options.send(payload, i, step.raw);
        if (sending !== undefined) await sending;
      }
      if (signal.aborted || sendProgress.stopped) return;
    }
    repetitions = i + 1;
    if (!pace.needsAir && repetitions < order.count) continue;
    await pace.yieldToLoop();
    reportNow();
  }
}

type PaceOptions = { clock: Clock; settle: ScriptOptions['settle']; report: () => void };

/** Waits without ever holding the loop. */
class Pace {
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  readonly #settle: (() => Promise<void>) | undefined;
  readonly #report: () => void;
  #turned: number;

  constructor(signal: AbortSignal, { clock, settle, report }: PaceOptions) {
    this.#signal = signal;
    this.#clock = clock;
    this.#turned = clock.monotonic();
    this.#settle = settle;
    this.#report = report;
  }

  /** It is a while since the last `yieldToLoop`. */
  get needsAir(): boolean {
    return this.#clock.monotonic() - this.#turned >= SHARE;
  }

  async until(time: number): Promise<void> {
    const wait = time - this.#clock.monotonic();
    if (wait <= 0) return;
    await this.#settle?.();
    this.#report();
    // Called off: the caller looks at the signal.
    await pause(this.#clock, Math.max(1, Math.round(wait)), this.#signal);
  }

  async yieldToLoop(): Promise<void> {
    await this.#settle?.();
    await nextTurn();
    this.#turned = this.#clock.monotonic();
  }
}

/** Null for a template that can't be filled in, which is an error of the send like those of the network. */
function filled({ make }: Exclude<Step, { delay: number }>, sendProgress: SendProgress): Uint8Array | null {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    sendProgress.noteError({ code: 'template_error', message: error.message });
    return null;
  }
}

function stepOf(part: SendPart, request: Request): Step {
  if ('delay' in part) return part;
  const { payload, raw = false, form = 'text' } = part;
  if (!part.template) return { raw, make: () => payload };
  const template = compileTemplate(payload, { form });
  return { raw, make: () => template.render(request) };
}

/** For a template the peer is the destination, and there is no message that is answered. */
function exchangeFor({ order, thread, sendProgress }: ScriptOptions): Request {
  const request = new Request({ thread, listener: '', localPort: sendProgress.local?.port ?? 0 });
  request.remote = addressBytes(order.to.host);
  request.remotePort = order.to.port;
  return request;
}

function report({ order, control, sendProgress }: ScriptOptions, repetitions: number, elapsed: number): void {
  const share = repetitions / order.count;
  const progress = Math.min(1, order.duration === null ? share : Math.max(share, elapsed / order.duration));
  const { sent, bytes, errors } = sendProgress;
  control.report({ sent, bytes, errors, progress });
}
