/**
 * ConnectPhase: one setting of how a listener meets those who connect or send to it, from when it comes into force until
 * another does or it is over: its time has passed, or its connections have come. All bindings share it.
 */
import type { Clock } from '../clock/clock.ts';
import type { HeldSocket } from '../runtime/transport.ts';
import type { Accept, AcceptMode } from '../schemas/connect-phase.ts';
import type { FullSpec } from '../schemas/listener.ts';
import { parseDuration } from '../schemas/units.ts';
import type { LiveSpec } from '../workers/protocol.ts';
import { acceptingSpec } from './accept.ts';

export class ConnectPhase {
  readonly unreachable: boolean;
  /** While unreachable: sockets that only hold the port. */
  held: HeldSocket[] = [];
  readonly #accept: Accept | undefined;
  /** Connections left for its mode, see AcceptPhase. */
  readonly #left: Int32Array<SharedArrayBuffer> | null;
  #stopClock = () => {};

  constructor({ tcp, udp }: FullSpec) {
    this.unreachable = udp?.unreachable ?? false;
    this.#accept = tcp?.accept;
    const { times = null } = tcp?.accept ?? {};
    this.#left = times === null ? null : new Int32Array(new SharedArrayBuffer(4)).fill(times);
  }

  get mode(): AcceptMode {
    return this.#accept?.mode ?? 'accept';
  }

  /** What the kernel has to do, on the sockets that main opened; null where threads can do it by themselves. */
  get kernelSide(): { pointer: string; what: string } | null {
    if (this.unreachable) return { pointer: '/udp/unreachable', what: 'true' };
    const isKernels = this.mode === 'refuse' || this.mode === 'blackhole';
    return isKernels ? { pointer: '/tcp/accept/mode', what: this.mode } : null;
  }

  /** Whether all connections that it was for have come. */
  get isUsedUp(): boolean {
    return this.#left !== null && Atomics.load(this.#left, 0) <= 0;
  }

  /** What threads are told. */
  get live(): Pick<LiveSpec, 'accept' | 'unreachable'> {
    const { mode, unreachable } = this;
    return {
      ...(mode === 'accept' ? {} : { accept: { mode, left: this.#left?.buffer ?? null } }),
      ...(unreachable ? { unreachable } : {}),
    };
  }

  /** The spec as it is in force. */
  shown(spec: FullSpec): FullSpec {
    return this.isUsedUp ? acceptingSpec(spec) : spec;
  }

  /** It is in force: its time runs. */
  start(clock: Clock, onEnd: () => void): void {
    const { for: duration = null } = this.#accept ?? {};
    if (duration !== null) this.#stopClock = clock.after(parseDuration(duration)!, onEnd, { background: true });
  }

  /** Another is in force, or the listener is closed. */
  stop(): void {
    this.#stopClock();
    for (const socket of this.held.splice(0)) socket.close();
  }
}
