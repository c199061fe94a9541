/** Changes of a listener by PATCH and PUT: what needs no rebind is applied as it is, the rest opens its sockets anew. */
import { isDeepStrictEqual } from 'node:util';
import type { ListenerPatch } from '../domain.ts';
import { invalidField, ProblemError } from '../errors.ts';
import type { ListenerCatalog } from '../journal/ports.ts';
import { type FullSpec, type ListenerSpec, MOST_LABELS } from '../schemas/listener.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Listener } from './listener.ts';
import type { ListenerTable } from './listener-table.ts';
import { captureLimits, differences, fillSpec, milliseconds } from './spec.ts';

type PutContext = { replace: boolean; table: ListenerTable; lifecycle: Lifecycle; journal: ListenerCatalog };

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
  };
  return fillSpec(withSeed(merged as ListenerSpec, spec));
}

/** Rules that name no seed go on with the one that was drawn for those before: a draw is no difference. */
function withSeed(spec: ListenerSpec, { responder: before }: FullSpec): ListenerSpec {
  const { responder } = spec;
  if (responder?.type !== 'rules' || before.type !== 'rules' || responder.seed != null) return spec;
  return { ...spec, responder: { ...responder, seed: before.seed ?? null } };
}

/** Puts a spec into force that differs in live members only. A smaller capture has evicted when this resolves. */
export async function applySpec(listener: Listener, next: FullSpec, journal: ListenerCatalog): Promise<void> {
  const before = listener.spec;
  const changed = (member: keyof FullSpec) => !isDeepStrictEqual(before[member], next[member]);
  if (changed('capture')) await journal.configure(listener.number, captureLimits(next));
  if (changed('responder')) listener.restartReplies();
  listener.spec = next;
  if (changed('ttl')) listener.expiry.set(milliseconds(next.ttl));
  if (changed('capture') || changed('responder') || changed('paused')) await updateThreads(listener);
  if (listener.isOpen) listener.settle();
}

/** A thread that dies meanwhile takes the new spec when its replacement opens the binding. */
async function updateThreads(listener: Listener): Promise<void> {
  const request = { listener: listener.number, live: listener.live };
  const up = listener.bindings.filter((binding) => !binding.down);
  await Promise.allSettled(up.map((binding) => binding.thread.call('update', request)));
}

/** The spec with the name that the path gives it; the body may repeat that name, not give another. */
export function named(spec: ListenerSpec, name: string | null): ListenerSpec {
  if (spec.name != null && spec.name !== name) throw invalidField('/name', `is not ${name}, the name in the path`);
  return { ...spec, name };
}

/** PUT: the same spec twice is one listener. Makes it what the spec says, within its turn. Without `replace` a different spec is a conflict. */
export async function applyPut(listener: Listener, spec: ListenerSpec, context: PutContext): Promise<void> {
  const wanted = fillSpec(withSeed(spec, listener.spec));
  const differing = differences(listener.spec, wanted).filter((member) => !isSamePort(member, listener, wanted));
  if (differing.length === 0) {
    if (!listener.isOpen) await context.lifecycle.reopen(listener);
    return;
  }
  if (!context.replace) {
    const detail = `the listener differs in ${differing.join(', ')}; ?replace=true changes it`;
    throw new ProblemError('conflict', detail, { extra: { differs: differing } });
  }
  const isLive = listener.isOpen && differing.every((member) => LIVE_MEMBERS.has(member));
  if (isLive) await applySpec(listener, { ...wanted, port: listener.spec.port }, context.journal);
  else await context.lifecycle.rebind(listener, wanted);
  context.table.notify(listener);
}

/** Port 0 equals whatever was given. */
function isSamePort(member: keyof FullSpec, listener: Listener, wanted: FullSpec): boolean {
  if (member !== 'port') return false;
  return wanted.port === 0 || (listener.spec.port === 0 && wanted.port === listener.keptPort);
}
