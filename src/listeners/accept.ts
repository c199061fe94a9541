/** How connections are met, as it is asked for: defaults, and what a schema can't say. */
import { invalidField } from '../errors.ts';
import type { Accept } from '../schemas/connect-phase.ts';
import type { FullSpec, ListenerSpec } from '../schemas/listener.ts';
import { parseDuration, whyNotDuration } from '../schemas/units.ts';

const PLAIN: Accept = { mode: 'accept', for: null, times: null };

export function fillAccept(accept: NonNullable<ListenerSpec['tcp']>['accept']): Accept {
  return { ...PLAIN, ...accept };
}

/** Throws a 400 naming the first wrong field. */
export function checkAccept({ mode, for: duration, times }: Accept): void {
  if (duration !== null && parseDuration(duration) === undefined)
    throw invalidField('/tcp/accept/for', whyNotDuration(duration));
  if (duration !== null && parseDuration(duration) === 0)
    throw invalidField('/tcp/accept/for', 'must be longer than 0');
  if (duration !== null && mode === 'accept')
    throw invalidField('/tcp/accept/for', 'says how long another mode lasts; accept is what follows it');
  if (times !== null && mode !== 'reset' && mode !== 'stall')
    throw invalidField('/tcp/accept/times', `goes with reset and stall; no connection reaches ${mode} to be counted`);
}

/** The spec when a mode for a while is over. */
export function acceptingSpec(spec: FullSpec): FullSpec {
  return spec.tcp === undefined ? spec : { ...spec, tcp: { ...spec.tcp, accept: PLAIN } };
}

/** The spec as it outlives the process: a mode for a while does not. */
export function lastingSpec(spec: FullSpec): FullSpec {
  const { for: duration = null, times = null } = spec.tcp?.accept ?? {};
  return duration === null && times === null ? spec : acceptingSpec(spec);
}
