// Bundles src/ into dist/. Everything lies flat there, chunks too: a worker is started from the file beside the
// module that starts it.
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

const entryPoints = {
  index: 'src/testbed/index.ts',
  hw: 'src/hw/index.ts',
  cli: 'src/cli/main.ts',
  'hw.worker': 'src/exec/threads/hw.worker.ts',
  'cpu.worker': 'src/exec/threads/cpu.worker.ts',
};

/** Builds dist/ in place: each file appears whole, and what the build did not make is removed last. */
export async function build() {
  const { outputFiles } = await bundle({
    absWorkingDir: root,
    entryPoints,
    outdir: dist,
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    write: false,
    logLevel: 'warning',
  });
  await mkdir(dist, { recursive: true });
  // Entry points go last, so that whatever they import is there before them.
  const isEntry = (/** @type {string} */ path) => basename(path).replace(/\.js$/, '') in entryPoints;
  outputFiles.sort((a, b) => Number(isEntry(a.path)) - Number(isEntry(b.path)));
  for (const { path, contents } of outputFiles) {
    const partial = `${path}.${process.pid}.partial`;
    await writeFile(partial, contents);
    if (basename(path) === 'cli.js') await chmod(partial, 0o755);
    await rename(partial, path);
  }
  const made = new Set(outputFiles.map(({ path }) => basename(path)));
  // Another build may be under way: its partial files are not ours to remove.
  const stale = (await readdir(dist)).filter((name) => !made.has(name) && !name.endsWith('.partial'));
  await Promise.all(stale.map((name) => rm(join(dist, name), { recursive: true, force: true })));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
