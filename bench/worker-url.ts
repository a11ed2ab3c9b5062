/** Threads and processes are started from files in dist/: beside this module when it is built too, next to bench/ when not. */
export function builtFile(name: string): URL {
  const here = import.meta.url;
  return here.endsWith('.ts') ? new URL(`../dist/${name}.js`, here) : new URL(`./${name}.js`, here);
}
