/** Plants a bug: in a source text, or in a bundle while it is built. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import type { Sabotage } from './sabotage.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The file's text with the bug in it. Throws unless each anchor occurs exactly once. */
export function sabotagedSource(bug: Sabotage, source: string): string {
  let text = source;
  for (const { find, replace } of bug.edits) {
    const places = text.split(find);
    if (places.length !== 2)
      throw new Error(
        `${bug.name}: the anchor occurs ${places.length - 1} times in ${bug.file}, not once:\n${find}`,
      );
    text = places.join(replace);
  }
  return text;
}

/** For esbuild. `root` is the folder in which `src` lies. */
export function sabotagePlugin(bug: Sabotage, root = ROOT): Plugin {
  const path = join(root, bug.file);
  return {
    name: `sabotage ${bug.name}`,
    setup: (build) => {
      let planted = false;
      build.onLoad({ filter: new RegExp(`^${literally(path)}$`) }, async () => {
        planted = true;
        return { contents: sabotagedSource(bug, await readFile(path, 'utf8')), loader: 'ts' };
      });
      build.onEnd(() => {
        if (!planted) return { errors: [{ text: `${bug.name}: ${bug.file} is not in the bundle` }] };
        return undefined;
      });
    },
  };
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
