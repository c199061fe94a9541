/**
 * Puts a connect phase into force on all bindings of an open listener. What the kernel does about it is done to the
 * sockets that main holds; threads let go of a socket before it stops to listen, and take hold of it after it listens.
 */
import { ProblemError } from '../../errors.ts';
import type { ConnectPhase } from '../connect-phase.ts';
import type { Listener } from '../listener.ts';
import { flushListener } from './flush.ts';
import { hidePort } from './hidden-port.ts';
import { bindProblem } from './os-problems.ts';
import { showPort } from './reachability.ts';
import { checkKernelSide } from './sockets.ts';
import { updateThreads } from './update.ts';

/**
 * Resolves when every binding has it. Throws ProblemError where that can't be; then the phase before goes on. Call within
 * the listener's turn.
 */
export async function changePhase(listener: Listener, phase: ConnectPhase): Promise<void> {
  for (const { socket } of listener.bindings) checkKernelSide(phase, socket);
  try {
    await change(listener, phase);
  } catch (error) {
    throw kernelProblem(listener, phase, error);
  }
}

async function change(listener: Listener, phase: ConnectPhase): Promise<void> {
  const { bindings, phase: before } = listener;
  const listening = bindings[0]?.socket?.listening;
  const wasUnreachable = before?.unreachable === true;
  listening?.prepare(phase.mode);
  if (phase.unreachable && wasUnreachable) phase.held = before.held.splice(0);
  else if (phase.unreachable) hidePort(bindings, phase);
  else if (wasUnreachable) await showPort(listener, before);
  // Whoever has connected by now is let in.
  if (phase.mode === 'refuse' || phase.mode === 'blackhole') await flushListener(listener);
  listener.adoptPhase(phase);
  await updateThreads(listener);
  listening?.settle(phase.mode);
}

function kernelProblem({ spec, address }: Listener, phase: ConnectPhase, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof ProblemError || code === undefined) return error as Error;
  if (code === 'EADDRINUSE') return bindProblem(error, { ...address!, protocol: spec.protocol, ipv6Only: false });
  const { what = phase.mode } = phase.kernelSide ?? {};
  return new ProblemError('unprocessable', `the system does not let the listener ${what}: ${message}`);
}
