import type { Quantiles } from './report.ts';

/** Of none: zeros. */
export function quantiles(values: readonly number[]): Quantiles {
  if (values.length === 0) return { p50: 0, p99: 0, max: 0 };
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** To a nanosecond: finer digits are not measured. */
export function rounded(us: number): number {
  return Math.round(us * 1000) / 1000;
}
