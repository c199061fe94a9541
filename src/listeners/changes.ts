/** Changes of a listener by PATCH and PUT: what needs no rebind is applied as it is, the rest opens its sockets anew. */
import { isDeepStrictEqual } from 'node:util';
import type { ListenerPatch } from '../domain.ts';
import { invalidField, ProblemError } from '../errors.ts';
import type { ListenerCatalog } from '../journal/ports.ts';
import { type FullSpec, type ListenerSpec, MOST_LABELS } from '../schemas/listener.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Listener } from './listener.ts';
import type { ListenerTable } from './listener-table.ts';
import { updateThreads } from './sockets/update.ts';
import { captureLimits, differences, fillSpec, milliseconds } from './spec.ts';

type ApplyContext = { lifecycle: Lifecycle; journal: ListenerCatalog; renews?: boolean };
type PutContext = ApplyContext & { replace: boolean; table: ListenerTable };

/** Members of a spec that `applySpec` can change. */
const LIVE_MEMBERS: ReadonlySet<keyof FullSpec> = new Set([
  'name',
  'labels',
  'ttl',
  'paused',
  'capture',
  'responder',
  'strict',
]);

/** The spec after an RFC 7396 merge, checked as a new one is. */
export function patchedSpec(spec: FullSpec, patch: ListenerPatch): FullSpec {
  const labels = Object.entries({ ...spec.labels, ...patch.labels }).filter(([, value]) => value !== null);
  if (labels.length > MOST_LABELS) {
    const detail = `there would be ${labels.length}, and ${MOST_LABELS} are the most: set some to null`;
    throw invalidField('/labels', detail);
  }
  const merged = {
    ...spec,
    ...patch,
    labels: Object.fromEntries(labels) as FullSpec['labels'],
    capture: { ...spec.capture, ...patch.capture },
    ...(patch.tcp === undefined ? {} : { tcp: { ...spec.tcp, ...patch.tcp } }),
    ...(patch.udp === undefined ? {} : { udp: { ...spec.udp, ...patch.udp } }),
  };
  return fillSpec(withSeed(merged as ListenerSpec, spec));
}

/** Rules that name no seed go on with the one that was drawn for those before: a draw is no difference. */
function withSeed(spec: ListenerSpec, { responder: before }: FullSpec): ListenerSpec {
  const { responder } = spec;
  if (responder?.type !== 'rules' || before.type !== 'rules' || responder.seed != null) return spec;
  return { ...spec, responder: { ...responder, seed: before.seed ?? null } };
}

/**
 * Puts a spec into force that differs in live members only. A smaller capture has evicted when this resolves, and all
 * bindings have what is new. `renews`: a connect phase begins anew even where it is the one in force.
 */
export async function applySpec(
  listener: Listener,
  next: FullSpec,
  { journal, lifecycle, renews = false }: ApplyContext,
): Promise<void> {
  lifecycle.checkDestinations(next);
  const before = listener.spec;
  checkStates(listener, next);
  const changed = (member: keyof FullSpec) => !isDeepStrictEqual(before[member], next[member]);
  if (listener.isOpen && (renews || changed('tcp') || changed('udp'))) await lifecycle.changePhase(listener, next);
  if (changed('capture')) await journal.configure(listener.number, captureLimits(next));
  if (changed('responder')) listener.restartReplies();
  listener.spec = next;
  if (changed('ttl')) listener.expiry.set(milliseconds(next.ttl));
  if (changed('capture') || changed('responder') || changed('paused')) await updateThreads(listener);
  if (listener.isOpen) listener.settle();
}

/** Before anything changes: a listener may have had too many states, and then it stays as it is. */
function checkStates({ ruleSlots }: Listener, { responder }: FullSpec): void {
  if (responder.type === 'rules') ruleSlots.check(responder);
}

/** The spec with the name that the path gives it; the body may repeat that name, not give another. */
export function named(spec: ListenerSpec, name: string | null): ListenerSpec {
  if (spec.name != null && spec.name !== name) throw invalidField('/name', `is not ${name}, the name in the path`);
  return { ...spec, name };
}

/** PUT: the same spec twice is one listener. Makes it what the spec says, within its turn. Without `replace` a different spec is a conflict. */
export async function applyPut(listener: Listener, spec: ListenerSpec, context: PutContext): Promise<void> {
  const wanted = fillSpec(withSeed(spec, listener.spec));
  const differing = differences(listener.specInForce, wanted).filter((member) => !isSamePort(member, listener, wanted));
  if (differing.length === 0) {
    if (!listener.isOpen) await context.lifecycle.reopen(listener);
    return;
  }
  if (!context.replace) {
    const detail = `the listener differs in ${differing.join(', ')}; ?replace=true changes it`;
    throw new ProblemError('conflict', detail, { extra: { differs: differing } });
  }
  const isLive = listener.isOpen && differing.every((member) => isLiveMember(member, listener.spec, wanted));
  if (isLive) await applySpec(listener, { ...wanted, port: listener.spec.port }, context);
  else {
    checkStates(listener, wanted);
    await context.lifecycle.rebind(listener, wanted);
  }
  context.table.notify(listener);
}

/** Whether no socket has to be bound anew for it: of what only one protocol has, the connect phase. */
function isLiveMember(member: keyof FullSpec, spec: FullSpec, wanted: FullSpec): boolean {
  if (member !== 'tcp' && member !== 'udp') return LIVE_MEMBERS.has(member);
  const { tcp = spec.tcp, udp = spec.udp } = wanted;
  const besides = {
    ...wanted,
    ...(tcp && spec.tcp && { tcp: { ...tcp, accept: spec.tcp.accept } }),
    ...(udp && spec.udp && { udp: { ...udp, unreachable: spec.udp.unreachable } }),
  };
  return !differences(spec, besides).includes(member);
}

/** Port 0 equals whatever was given. */
function isSamePort(member: keyof FullSpec, listener: Listener, wanted: FullSpec): boolean {
  if (member !== 'port') return false;
  return wanted.port === 0 || (listener.spec.port === 0 && wanted.port === listener.keptPort);
}
