// Bundles src/ and bench/ into dist/. Everything lies flat there, chunks too: a worker is started from the file beside the
// module that starts it.
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { byHand, unswappable } from './variants.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

const entryPoints = {
  index: 'src/testbed/index.ts',
  hw: 'src/hw/index.ts',
  cli: 'src/cli/main.ts',
  'bench-child': 'bench/child.ts',
};

/** Each in one piece: what modules give to others across files is looked up at every use, and these have hot paths. */
const workerEntryPoints = {
  'hw.worker': 'src/exec/threads/hw.worker.ts',
  'cpu.worker': 'src/exec/threads/cpu.worker.ts',
  'drain-hw.worker': 'bench/drain/hw.worker.ts',
  'drain-cpu.worker': 'bench/drain/cpu.worker.ts',
  'live-hw.worker': 'bench/live/hw.worker.ts',
  'live-cpu.worker': 'bench/live/cpu.worker.ts',
  'park.worker': 'bench/handover/park.worker.ts',
  'disk-cpu.worker': 'bench/disk/cpu.worker.ts',
};

/** What the benches' CPU is compared with. */
const variants = { 'drain-cpu-unswappable.worker': unswappable, 'drain-cpu-by-hand.worker': byHand };

/** The same sources for the simulation, in which each access to shared words is a scheduling point. */
const simEntryPoints = {
  sim: 'src/testbed/index.ts',
  'sim-hw': 'src/hw/index.ts',
  'sim.worker': 'src/exec/sim/sim.worker.ts',
};

/** What runs in the page that `bench --html` writes, and its style: texts, which are put into it. */
const pageEntryPoints = { 'bench-page': 'bench/page/browser/main.ts' };

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
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
};

/** @returns {Promise<import('esbuild').BuildOptions>} */
async function pageOptions() {
  // Its licence is to stand in all copies.
  const licence = await readFile(join(root, 'node_modules/uplot/LICENSE'), 'utf8');
  return {
    ...common,
    entryPoints: pageEntryPoints,
    splitting: false,
    packages: 'bundle',
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    sourcemap: false,
    minify: true,
    charset: 'utf8',
    legalComments: 'inline',
    banner: { js: `/*! uPlot\n\n${licence.trim()}\n*/` },
  };
}

/**
 * Exchanges the module of shared accesses for the simulation's.
 * @param {string} checkout the folder in which `src` lies
 * @returns {import('esbuild').Plugin}
 */
export function schedulingPoints(checkout) {
  const shared = join(checkout, 'src/hw/shared.ts');
  return {
    name: 'scheduling points',
    setup(bundler) {
      bundler.onResolve({ filter: /\/shared\.ts$/ }, ({ path, resolveDir }) =>
        join(resolveDir, path) === shared ? { path: join(checkout, 'src/exec/sim/shared.ts') } : undefined,
      );
    },
  };
}

/**
 * The bundler makes variables of the constants of modules, which the engine then loads and checks at every use. As
 * constants again, numbers and short functions become part of the code: a fifth of the time for a frame.
 * @param {string} text
 */
export function constant(text) {
  return text.replaceAll(/^var ([A-Z]\w* = |\w+ = \([^()]*\) => )/gm, 'const $1');
}

/** Builds dist/ in place: each file appears whole, and what the build did not make is removed last. */
export async function build() {
  const built = await Promise.all([
    bundle({ ...common, entryPoints }),
    bundle({ ...common, entryPoints: workerEntryPoints, splitting: false }),
    ...Object.entries(variants).map(([name, plugin]) =>
      bundle({
        ...common,
        entryPoints: { [name]: 'bench/drain/cpu.worker.ts' },
        splitting: false,
        plugins: [plugin],
      }),
    ),
    bundle({ ...common, entryPoints: simEntryPoints, plugins: [schedulingPoints(root)] }),
    bundle(await pageOptions()),
  ]);
  const outputFiles = built.flatMap((result) => result.outputFiles ?? []);
  await mkdir(dist, { recursive: true });
  // Entry points go last, so that whatever they import is there before them.
  const entries = { ...entryPoints, ...workerEntryPoints, ...variants, ...simEntryPoints };
  const isEntry = (/** @type {string} */ path) => basename(path).replace(/\.js$/, '') in entries;
  outputFiles.sort((a, b) => Number(isEntry(a.path)) - Number(isEntry(b.path)));
  for (const { path, text } of outputFiles) {
    const partial = `${path}.${process.pid}.partial`;
    await writeFile(partial, path.endsWith('.js') ? constant(text) : text);
    if (basename(path) === 'cli.js') await chmod(partial, 0o755);
    await rename(partial, path);
  }
  const made = new Set(outputFiles.map(({ path }) => basename(path)));
  // Another build may be under way: its partial files are not ours to remove.
  const stale = (await readdir(dist)).filter((name) => !made.has(name) && !name.endsWith('.partial'));
  await Promise.all(stale.map((name) => rm(join(dist, name), { recursive: true, force: true })));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
