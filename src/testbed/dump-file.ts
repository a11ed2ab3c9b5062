import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { NicDump } from '../host/dump.ts';
import { UsageError } from './errors.ts';

/** Registers, state blocks and rings of a run's cards, as they were at its end. */
export interface Dump {
  readonly version: 1;
  readonly takenAt: string;
  readonly nics: readonly NicDump[];
}

/** Tried before the run, so that a folder that is not there costs no run. Throws UsageError. */
export function checkDumpPath(file: string): void {
  attempt(file, () => appendFileSync(file, ''));
}

export function writeDump(file: string, nics: readonly NicDump[]): void {
  const dump: Dump = { version: 1, takenAt: new Date().toISOString(), nics };
  attempt(file, () => writeFileSync(file, JSON.stringify(dump)));
}

/** Throws UsageError when the file is missing or no dump. */
export function readDump(file: string): Dump {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (isDump(value)) return value;
  throw new UsageError(`${file} is no dump; ringswap run --dump FILE writes one`);
}

function isDump(value: unknown): value is Dump {
  if (typeof value !== 'object' || value === null) return false;
  const { version, nics } = value as Record<string, unknown>;
  return version === 1 && Array.isArray(nics);
}

function attempt(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new UsageError(`dump ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
