/**
 * Makes the listeners be what a file says. What did not change is not touched: a PUT of an equal spec does nothing. What
 * the file no longer names, and an earlier reading of it did, goes. Listeners made by others are left alone.
 */
import type { Listeners } from '../domain.ts';
import type { NamedSpec } from './file.ts';

export type Reconciled = {
  created: string[];
  changed: string[];
  removed: string[];
  /** Listeners that could not come up, and why. The rest works. */
  failed: { name: string; detail: string }[];
  /** What of them is allowed and most likely not meant. */
  warnings: { name: string; detail: string }[];
};

export async function reconcile(
  registry: Listeners,
  wanted: readonly NamedSpec[],
  before: readonly NamedSpec[] = [],
): Promise<Reconciled> {
  const result: Reconciled = { created: [], changed: [], removed: [], failed: [], warnings: [] };
  const kept = new Set(wanted.map(({ name }) => name));
  for (const { name } of before) {
    if (!kept.has(name)) await attempt(name, result, () => remove(registry, name, result));
  }
  for (const spec of wanted) await attempt(spec.name, result, () => put(registry, spec, result));
  return result;
}

async function put(registry: Listeners, { name, ...spec }: NamedSpec, result: Reconciled): Promise<void> {
  const before = idOf(registry, name);
  const unchanged = before !== undefined && (await equals(registry, name, spec));
  if (unchanged) return;
  const { created, listener } = await registry.put(name, spec, { replace: true });
  result.warnings.push(...(listener.warnings ?? []).map((detail) => ({ name, detail })));
  (created ? result.created : result.changed).push(name);
}

/** A PUT without `replace` is refused where the specs differ. */
async function equals(registry: Listeners, name: string, spec: Omit<NamedSpec, 'name'>): Promise<boolean> {
  try {
    await registry.put(name, spec, { replace: false });
    return true;
  } catch (error) {
    if ((error as { status?: number }).status === 409) return false;
    throw error;
  }
}

async function remove(registry: Listeners, name: string, result: Reconciled): Promise<void> {
  if (idOf(registry, name) === undefined) return;
  await registry.remove(name, { mode: 'fin', drain: 0 });
  result.removed.push(name);
}

async function attempt(name: string, { failed }: Reconciled, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    failed.push({ name, detail: (error as Error).message });
  }
}

function idOf(registry: Listeners, name: string): string | undefined {
  try {
    return registry.find(name).id;
  } catch {
    return undefined;
  }
}
