/** Changes of a listener that need no rebind. */

import { isDeepStrictEqual } from 'node:util';
import type { ListenerPatch } from '../domain.ts';
import { invalidField } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import { type FullSpec, type ListenerSpec, MOST_LABELS } from '../schemas/listener.ts';
import type { Listener } from './listener.ts';
import { captureLimits, fillSpec, milliseconds } from './spec.ts';

/** Members of a spec that `applySpec` can change. */
export const LIVE_MEMBERS: ReadonlySet<keyof FullSpec> = new Set([
  'name',
  'labels',
  'ttl',
  'paused',
  'capture',
  'responder',
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
  return fillSpec(merged as ListenerSpec);
}

/** Puts a spec into force that differs in live members only. A smaller capture has evicted when this answers. */
export async function applySpec(listener: Listener, next: FullSpec, journal: Journal): Promise<void> {
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
