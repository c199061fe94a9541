/** PUT of a listener: the same spec twice is one listener; another spec needs `replace`. */
import { invalidField, ProblemError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { FullSpec, ListenerSpec } from '../schemas/listener.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Listener } from './listener.ts';
import type { ListenerTable } from './listener-table.ts';
import { applySpec, LIVE_MEMBERS } from './patch.ts';
import { differences, fillSpec } from './spec.ts';

type Context = { replace: boolean; table: ListenerTable; lifecycle: Lifecycle; journal: Journal };

/** The spec with the name that the path gives it; the body may repeat that name, not give another. */
export function named(spec: ListenerSpec, name: string | null): ListenerSpec {
  if (spec.name != null && spec.name !== name) throw invalidField('/name', `is not ${name}, the name in the path`);
  return { ...spec, name };
}

/** Makes a listener what the spec says, within its turn. Without `replace` a different spec is a conflict. */
export async function applyPut(listener: Listener, spec: ListenerSpec, context: Context): Promise<void> {
  const wanted = fillSpec(spec);
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
