/** Delays that are drawn: a middle, a spread, and how it spreads. */
import type { Delay } from '../../../schemas/rule-action.ts';
import { parseDuration, whyNotDuration } from '../../../schemas/units.ts';
import { RuleError } from './rule-error.ts';

/** Milliseconds: always the same, or of two numbers from 0 to 1. */
export type DelaySampler = number | ((a: number, b: number) => number);

/** Shape of the pareto distribution: its mean is three times its least. */
const PARETO_SHAPE = 1.5;

/** Throws RuleError for what is no duration. */
export function compileDelay(delay: Delay, pointer: string): DelaySampler {
  if (typeof delay !== 'object') return duration(delay, pointer);
  const { base, jitter = 0, distribution = 'uniform', max = null } = delay;
  const middle = duration(base, `${pointer}/base`);
  const spread = duration(jitter, `${pointer}/jitter`);
  const most = max === null ? Number.POSITIVE_INFINITY : duration(max, `${pointer}/max`);
  if (spread === 0) return Math.min(middle, most);
  const shape = SHAPES[distribution];
  return (a, b) => Math.min(most, Math.max(0, shape(middle, spread, a, b)));
}

type Shape = (middle: number, spread: number, a: number, b: number) => number;
const SHAPES: Readonly<Record<'uniform' | 'normal' | 'lognormal' | 'pareto', Shape>> = {
  uniform: (middle, spread, a) => middle + spread * (2 * a - 1),
  normal: (middle, spread, a, b) => middle + spread * normal(a, b),
  // Of this mean and standard deviation.
  lognormal(middle, spread, a, b) {
    const variance = Math.log(1 + (spread / Math.max(middle, 1e-9)) ** 2);
    return Math.exp(Math.log(Math.max(middle, 1e-9)) - variance / 2 + Math.sqrt(variance) * normal(a, b));
  },
  // From the middle on, with the spread as its mean distance.
  pareto: (middle, spread, a) => middle + spread * (PARETO_SHAPE - 1) * ((1 - a) ** (-1 / PARETO_SHAPE) - 1),
};

/** Box and Muller, 1958. */
function normal(a: number, b: number): number {
  return Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b);
}

function duration(value: string | number, pointer: string): number {
  const milliseconds = parseDuration(value);
  if (milliseconds === undefined) throw new RuleError(pointer, whyNotDuration(value));
  return milliseconds;
}
