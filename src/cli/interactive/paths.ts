import { readdirSync } from 'node:fs';
import { isPath } from '../../testbed/book.ts';

/** Modules and folders whose paths begin with a word that has a slash in it; none where there is no such folder. */
export function pathsFrom(word: string): string[] {
  const folder = word.slice(0, word.lastIndexOf('/') + 1);
  if (folder === '') return [];
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      if (entry.isDirectory()) return [`${folder}${entry.name}/`];
      return isPath(entry.name) ? [`${folder}${entry.name} `] : [];
    });
  } catch {
    return [];
  }
}
