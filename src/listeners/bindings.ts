/**
 * Opens and closes the sockets of one listener: which port, in which threads, and everything given back when a step
 * fails. The first binding fixes the port, the others join it.
 */

import type { CloseMode } from '../domain.ts';
import { ProblemError } from '../errors.ts';
import type { BindingSpec, Endpoint } from '../workers/protocol.ts';
import type { Crew, ListenerThread } from './crew.ts';
import type { Binding, Listener } from './listener.ts';
import type { PortRange, PortTable, PortUse } from './ports.ts';
import { bindProblem } from './problems.ts';
import { type OwnSocket, openSocket } from './sockets.ts';
import { fixedSpec } from './spec.ts';

export type PortRules = { table: PortTable; range: PortRange | null };

/** How often another port is tried when the kernel gives one that is ours already (it may, with SO_REUSEPORT). */
const ATTEMPTS = 5;

/** Binds a listener at a literal address in all its threads; fills in bindings and address. Rejects with ProblemError. */
export async function openBindings(listener: Listener, crew: Crew, host: string, rules: PortRules): Promise<void> {
  const ipv6Only = listener.spec.udp?.ipv6Only ?? false;
  const use = { protocol: listener.spec.protocol, host, ipv6Only };
  let refusal: unknown = new ProblemError('limit_reached', 'no port of the range is free');
  for (const port of candidates(listener, use, rules)) {
    try {
      return await openAt(listener, crew, { ...use, port }, rules.table);
    } catch (error) {
      refusal = bindProblem(error, { ...use, port });
      if (!(refusal instanceof ProblemError && refusal.code === 'port_in_use')) break;
    }
  }
  throw refusal;
}

/** What a listener holds while it is open; taken away from it to be closed, or given back. */
export type Held = Pick<Listener, 'bindings' | 'address' | 'crew' | 'releasePort'>;

/** Takes everything that is open away from a listener without closing it. */
export function takeBindings(listener: Listener): Held {
  const { bindings, address, crew, releasePort } = listener;
  Object.assign(listener, { bindings: [], address: null, crew: null, releasePort: null } satisfies Held);
  return { bindings, address, crew, releasePort };
}

/** Closes what is held, waits for it, and gives the port and the threads back. Never rejects. */
export async function closeBindings(
  number: number,
  held: Held,
  how: { mode: CloseMode; drain: number },
): Promise<void> {
  await closeAll(number, held.bindings, how);
  held.releasePort?.();
  await held.crew?.disband();
}

/** Closes all that a listener has open; what it holds stays visible until that is done. */
export async function closeListener(listener: Listener, how: { mode: CloseMode; drain: number }): Promise<void> {
  await closeBindings(listener.number, listener, how);
  takeBindings(listener);
}

async function closeAll(
  listener: number,
  bindings: readonly Binding[],
  how: { mode: CloseMode; drain: number } = { mode: 'rst', drain: 0 },
): Promise<void> {
  const closed = bindings.map(async ({ thread, incarnation, socket, down }) => {
    if (!down) await thread.call('close', { listener, incarnation, ...how }).catch(() => {});
    socket?.close();
  });
  await Promise.all(closed);
}

/** Opens one binding again after its thread was replaced, on the port it had. */
export async function reopenBinding(listener: Listener, binding: Binding): Promise<void> {
  const opened = await openOne(listener, binding, listener.address!, binding.socket);
  Object.assign(binding, opened.binding);
}

/**
 * Ports to try, in order. A port that was given for 0 before is tried first; it is the only one for a listener that comes
 * back after a restart, for its users know it by that port.
 */
function* candidates(listener: Listener, use: Omit<PortUse, 'port'>, rules: PortRules): Generator<number> {
  const { port } = listener.spec;
  if (port !== 0) return yield port;
  if (listener.keptPort !== 0) yield listener.keptPort;
  if (listener.keptPort !== 0 && listener.state === 'opening') return;
  if (rules.range !== null) yield* rules.table.free(rules.range, use);
  else for (let i = 0; i < ATTEMPTS; i++) yield 0;
}

async function openAt(listener: Listener, crew: Crew, use: PortUse, table: PortTable): Promise<void> {
  let release = use.port === 0 ? null : table.claim(use, listener);
  const opened: Binding[] = [];
  const restarts = crew.threads.map((thread) => thread.restarts);
  try {
    const first = await openOne(listener, { index: 0, thread: crew.threads[0]! }, use);
    opened.push(first.binding);
    const address = { host: use.host, port: first.port };
    release ??= table.claim({ ...use, port: first.port }, listener);
    opened.push(...(await openRest(listener, crew, address)));
    if (crew.threads.some((thread, i) => thread.state !== 'running' || thread.restarts !== restarts[i])) {
      throw new ProblemError('worker_unavailable', 'a worker thread died while the listener was opened');
    }
    const held: Held = { bindings: opened, address, crew, releasePort: release };
    Object.assign(listener, held, { keptPort: first.port });
  } catch (error) {
    await closeAll(listener.number, opened);
    release?.();
    throw error;
  }
}

async function openRest(listener: Listener, crew: Crew, address: Endpoint): Promise<Binding[]> {
  const rest = crew.threads.slice(1).map((thread, i) => openOne(listener, { index: i + 1, thread }, address));
  const settled = await Promise.allSettled(rest);
  const bindings = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value.binding] : []));
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed === undefined) return bindings;
  await closeAll(listener.number, bindings);
  throw failed.reason;
}

/** One binding in one thread, on a socket that is there already or a fresh one. */
async function openOne(
  listener: Listener,
  { index, thread }: { index: number; thread: ListenerThread },
  address: Endpoint,
  there?: OwnSocket | null,
): Promise<{ binding: Binding; port: number }> {
  const socket = there ?? openSocket(listener, { index, thread }, address);
  const incarnation = listener.nextIncarnation(index);
  const baseline = listener.tally.undropped(index);
  const request = {
    spec: bindingSpec(listener, { index, incarnation, host: address.host, port: socket?.port ?? address.port }),
    counters: listener.tally.memory,
    attachment: socket?.attachment ?? null,
  };
  try {
    const opened = await thread.call('open', request);
    if (opened.engine === 'dgram') listener.tally.knowsKernelDrops = false;
    const binding: Binding = { index, thread, incarnation, baseline, socket, down: false };
    return { binding, port: opened.address.port };
  } catch (error) {
    if (socket !== there) socket?.close();
    throw error;
  }
}

function bindingSpec(
  listener: Listener,
  where: { index: number; incarnation: number; host: string; port: number },
): BindingSpec {
  const { number, id, openedAt, spec, live } = listener;
  const { index: binding, ...place } = where;
  return { ...fixedSpec(spec), ...live, ...place, listener: number, id, openedAt, binding };
}
