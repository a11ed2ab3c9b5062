/** 1,234,567 */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 swap`, `2 swaps` */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** About three digits: 0.42, 12.4, 1,204 */
export function digits(value: number): string {
  if (value >= 100) return grouped(value);
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function timeSpan(ms: number): string {
  if (ms < 1) return ms === 0 ? '0 s' : `${digits(ms * 1e3)} us`;
  return ms < 1e3 ? `${digits(ms)} ms` : `${digits(ms / 1e3)} s`;
}

export function byteCount(bytes: number): string {
  const step = ['B', 'kB', 'MB', 'GB', 'TB'].map((unit, power) => ({ unit, size: 1000 ** power }));
  const fitting = step.findLast(({ size }) => bytes >= size);
  return fitting === undefined || fitting.size === 1
    ? `${grouped(bytes)} B`
    : `${digits(bytes / fitting.size)} ${fitting.unit}`;
}

/** `100 %` only for all of it; small parts as `1 in 64`. */
export function share(part: number): string {
  if (part === 0) return 'none';
  if (part < 0.5) return `1 in ${grouped(1 / part)}`;
  return `${part === 1 ? 100 : Math.min(99.9, Number((part * 100).toPrecision(3)))} %`;
}

/** One number of decimals for a whole column, so that its points align; none when there are thousands. */
export function decimalsOf(column: readonly number[]): number {
  const largest = Math.max(0, ...column);
  if (largest < 100) return 2;
  return largest < 1000 ? 1 : 0;
}

/** What would round to nothing is not shown as nothing. */
export function fixed(value: number, decimals: number): string {
  if (decimals === 0 && value > 0 && value < 0.5) return '<1';
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

export function hex(value: number, width: number): string {
  return `0x${value.toString(16).padStart(width, '0')}`;
}
