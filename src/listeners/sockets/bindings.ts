/**
 * Opens and closes the sockets of one listener: which port, in which threads, and everything given back when a step
 * fails. The first binding fixes the port, the others join it.
 */

import { ProblemError } from '../../errors.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { BindingCounters } from '../../runtime/counters.ts';
import type { PreparedSocket } from '../../runtime/transport.ts';
import type { FullSpec } from '../../schemas/listener.ts';
import type { BindingSpec, CloseOrder, LiveSpec } from '../../workers/protocol.ts';
import type { ListenerThread, ThreadAllocation } from '../../workers/thread-allocator.ts';
import type { BindingSlot } from '../binding-slot.ts';
import { ConnectPhase } from '../connect-phase.ts';
import { undropped } from '../counters/listener-counters.ts';
import { type Held, type Listener, liveSpec } from '../listener.ts';
import { fixedSpec } from '../spec.ts';
import { hidePort, relieve } from './hidden-port.ts';
import { bindProblem } from './os-problems.ts';
import type { PortUse } from './port-use.ts';
import type { PortRange, PortTable } from './ports.ts';
import { checkKernelSide, joinSocket, openSocket } from './sockets.ts';

export type PortRules = { table: PortTable; range: PortRange | null };

/** How often another port is tried when the kernel gives one that is ours already (it may, with SO_REUSEPORT). */
const ATTEMPTS = 5;

/** What is to be opened for a listener, which goes on as it is until that is done. */
export type Opening = {
  listener: Listener;
  spec: FullSpec;
  /** What the new bindings count in. */
  counters: SharedArrayBuffer;
  /** Only the port it had will do. */
  keepsPort: boolean;
};

/** Binds at a literal address in all threads that the listener was given; the listener does not hold it yet. Rejects with ProblemError. */
export async function openBindings(
  opening: Opening,
  allocation: ThreadAllocation,
  host: string,
  rules: PortRules,
): Promise<Held> {
  const { protocol, udp } = opening.spec;
  const use = { protocol, host, ipv6Only: udp?.ipv6Only ?? false };
  let bindError: unknown = new ProblemError('limit_reached', 'no port of the range is free');
  for (const port of candidates(opening, use, rules)) {
    try {
      return await openAt(opening, allocation, { ...use, port }, rules.table);
    } catch (error) {
      bindError = bindProblem(error, { ...use, port });
      if (!(bindError instanceof ProblemError && bindError.code === 'port_in_use')) break;
    }
  }
  throw bindError;
}

/** Closes what is held, waits for it, and gives the port and the threads back. Never rejects. */
export async function closeBindings(number: number, held: Held, how: CloseOrder): Promise<void> {
  await closeAll(number, held.bindings, how);
  held.phase?.stop();
  held.releasePort?.();
  await held.allocation?.release();
}

/** Closes all that a listener has open; what it holds stays visible until that is done. */
export async function closeListener(listener: Listener, how: CloseOrder): Promise<void> {
  await closeBindings(listener.number, listener, how);
  listener.release();
}

async function closeAll(
  listener: number,
  bindings: readonly BindingSlot[],
  how: CloseOrder = { mode: 'rst', drain: 0, reason: 'failed' },
): Promise<void> {
  const closed = bindings.map(async ({ thread, incarnation, socket, successor, down }) => {
    const asked = down ? null : thread.call('close', { listener, incarnation, ...how }).catch(() => {});
    // A listening socket goes at once, so that nobody connects while answers are drained.
    if (socket?.isListening === true) socket.close();
    await asked;
    if (socket?.isListening === false) socket.close();
    successor?.close();
  });
  await Promise.all(closed);
}

/** Opens one binding again after its thread was replaced, on the port it had. */
export async function reopenBinding(listener: Listener, binding: BindingSlot): Promise<void> {
  const { spec, live, counters, address } = listener;
  const opened = await openOne({ listener, spec, live, counters: counters.memory }, binding, address!, {
    there: binding.socket,
  });
  Object.assign(binding, { ...opened.binding, successor: binding.successor });
  if (binding.successor !== null) await relieve(listener, binding);
}

/** Another socket on the port of a datagram binding, whose own lets it join. Throws an Error with an errno `code`. */
export function joinPort(listener: Listener, binding: BindingSlot): PreparedSocket {
  const { spec, counters, address } = listener;
  const plan = { listener, spec, live: { ...listener.live, unreachable: false }, counters: counters.memory };
  const { host, port } = address!;
  const planned = bindingSpec(plan, { binding: binding.index, incarnation: binding.incarnation, host, port });
  return joinSocket(planned, binding);
}

/**
 * Ports to try, in order. A port that was given for 0 before is tried first; it is the only one for a listener that comes
 * back after a restart, for its users know it by that port.
 */
function* candidates(
  { listener, spec, keepsPort }: Opening,
  use: Omit<PortUse, 'port'>,
  rules: PortRules,
): Generator<number> {
  const { keptPort } = listener;
  if (spec.port !== 0) return yield spec.port;
  if (keptPort !== 0) yield keptPort;
  if (keptPort !== 0 && keepsPort) return;
  if (rules.range !== null) yield* rules.table.free(rules.range, use);
  else for (let i = 0; i < ATTEMPTS; i++) yield 0;
}

async function openAt(opening: Opening, allocation: ThreadAllocation, use: PortUse, table: PortTable): Promise<Held> {
  const { listener, spec } = opening;
  const phase = new ConnectPhase(spec);
  const plan = { ...opening, phase, live: liveSpec(spec, 0, { slots: opening.listener.ruleSlots, phase }) };
  let release = use.port === 0 ? null : table.claim(use, listener);
  const opened: BindingSlot[] = [];
  const restarts = allocation.threads.map((thread) => thread.restarts);
  try {
    const first = await openOne(plan, { index: 0, thread: allocation.threads[0]! }, use);
    opened.push(first.binding);
    const address = { host: use.host, port: first.port };
    release ??= table.claim({ ...use, port: first.port }, listener);
    opened.push(...(await openRest(plan, allocation, address, first.binding.socket)));
    if (allocation.threads.some((thread, i) => thread.state !== 'running' || thread.restarts !== restarts[i])) {
      throw new ProblemError('worker_unavailable', 'a worker thread died while the listener was opened');
    }
    if (phase.unreachable) hidePort(opened, phase);
    return { bindings: opened, address, allocation, releasePort: release, phase };
  } catch (error) {
    await closeAll(listener.number, opened);
    release?.();
    throw error;
  }
}

async function openRest(
  plan: Plan,
  allocation: ThreadAllocation,
  address: Endpoint,
  first: PreparedSocket | null,
): Promise<BindingSlot[]> {
  const threads = allocation.threads.slice(1);
  const rest = threads.map((thread, i) => openOne(plan, { index: i + 1, thread }, address, { first }));
  const settled = await Promise.allSettled(rest);
  const bindings = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value.binding] : []));
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed === undefined) return bindings;
  await closeAll(plan.listener.number, bindings);
  throw failed.reason;
}

type Plan = Pick<Opening, 'listener' | 'spec' | 'counters'> & {
  live: LiveSpec;
  /** Of a listener that is being opened. */
  phase?: ConnectPhase;
};

/** One binding in one thread, on a socket that is there already or a fresh one. */
async function openOne(
  plan: Plan,
  { index, thread }: { index: number; thread: ListenerThread },
  address: Endpoint,
  { there = null, first = null }: { there?: PreparedSocket | null; first?: PreparedSocket | null } = {},
): Promise<{ binding: BindingSlot; port: number }> {
  const { listener, counters } = plan;
  const row = new BindingCounters(counters, index);
  const planned = bindingSpec(plan, { binding: index, incarnation: 0, host: address.host, port: address.port });
  const socket = there ?? openSocket(planned, { thread, row }, first);
  if (plan.phase !== undefined) checkKernelSide(plan.phase, socket);
  const incarnation = listener.nextIncarnation(index);
  const baseline = undropped(row);
  const request = {
    spec: { ...planned, incarnation, port: socket?.port ?? address.port },
    counters,
    attachment: socket?.attachment ?? null,
  };
  try {
    const opened = await thread.call('open', request);
    if (opened.engine === 'dgram') listener.counters.knowsKernelDrops = false;
    const binding: BindingSlot = { index, row, thread, incarnation, baseline, socket, successor: null, down: false };
    return { binding, port: opened.address.port };
  } catch (error) {
    if (socket !== there) socket?.close();
    throw error;
  }
}

function bindingSpec(
  { listener, spec, live }: Plan,
  where: Pick<BindingSpec, 'binding' | 'incarnation' | 'host' | 'port'>,
): BindingSpec {
  const { number, id, openedAt } = listener;
  return { ...fixedSpec(spec), ...live, ...where, listener: number, id, openedAt };
}
