/** The few statistics that the report uses. */

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @param share 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** Slowest and fastest, as text. */
export function spread(values: readonly number[], digits?: number): string {
  return `${shown(Math.min(...values), digits)} – ${shown(Math.max(...values), digits)}`;
}

/** The first digits, which are those that count. */
export function shown(value: number, digits = 3): string {
  if (digits > 3) return String(Number(value.toPrecision(digits)));
  if (value >= 1e5) return `${Math.round(value / 1000)}k`;
  if (value >= 100) return String(Math.round(value));
  return value.toPrecision(3);
}
