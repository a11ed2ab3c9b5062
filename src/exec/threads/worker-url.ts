/** Workers are built into dist/: beside this module when it is built too, next to src/ when it is not. */
export function workerUrl(name: 'hw' | 'cpu'): URL {
  const here = import.meta.url;
  return here.endsWith('.ts')
    ? new URL(`../../../dist/${name}.worker.js`, here)
    : new URL(`./${name}.worker.js`, here);
}
