import { UsageError } from './errors.ts';

const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 60e6 };
const BYTES: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Reads `250us`, `1.5ms`, `5s` or `1m` as microseconds. */
export function parseDuration(text: string): number {
  const us = scaled(text, MICROSECONDS);
  if (us !== undefined) return us;
  throw new UsageError(`"${text}" is no duration; write a number with its unit, like 250us, 1.5ms, 5s or 1m`);
}

/** Reads `4096`, `512K`, `64M` or `1G` as bytes; the letters are powers of 1024. */
export function parseSize(text: string): number {
  const bytes = scaled(text, BYTES);
  if (bytes !== undefined) return Math.round(bytes);
  throw new UsageError(`"${text}" is no size in bytes; write one like 4096, 512K, 64M or 1G`);
}

function scaled(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text) ?? [];
  const factor = unit !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
  return factor === undefined ? undefined : Number(number) * factor;
}
