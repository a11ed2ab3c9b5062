/** `ringswap` in a module of the user's own: the copy that runs in the thread that loads it, wherever the module lies. */

/** What `exports` of package.json has for programs, in the sources. */
const SOURCES: Readonly<Record<string, string>> = {
  ringswap: '../../testbed/index.ts',
  'ringswap/hw': '../../hw/index.ts',
};

export const OWN_PACKAGES: readonly string[] = Object.keys(SOURCES);

/** What a bundle imports in its place, since threads have copies of their own. */
export function standIn(name: string): string {
  return `copy-of-the-thread:${name}`;
}

export function ownUrl(name: string): string {
  const here = import.meta.url;
  return here.endsWith('.ts') ? new URL(SOURCES[name], here).href : import.meta.resolve(name);
}
