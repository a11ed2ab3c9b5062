import { appendFileSync, writeFileSync } from 'node:fs';
import { UsageError } from '../testbed/index.ts';

export const STDOUT = '-';

export type Write = (text: string) => void;

/**
 * Where a flag's text goes. The file is tried at once: what takes long must not end in a folder that is not there.
 * Appending nothing leaves an older file as it is until there is a new text.
 */
export function outputTo(flag: string, path: string): Write {
  if (path === STDOUT) return (text) => void process.stdout.write(text);
  try {
    appendFileSync(path, '');
  } catch (error) {
    throw new UsageError(`${flag} ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return (text) => writeFileSync(path, text);
}

export function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
