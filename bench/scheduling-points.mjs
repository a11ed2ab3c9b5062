// What the module of shared accesses costs where nobody puts another in its place: the product build against one in
// which each access is written out by hand, and beside them the simulation's build, with its scheduling points passed
// and unused. One workload: bursts received and sent back on a ring that no card is behind, handed over between two
// drivers every other poll. Interleaved trials in one process, medians with quartiles.
//
//   node bench/scheduling-points.mjs [trials]
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { schedulingPoints } from '../scripts/build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const TRIALS = Number(process.argv[2] ?? 41);
const ENTRY = `
export { NIC_DRIVERS } from './src/drivers/index.ts';
export { warmUp } from './src/swap/warm.ts';
`;

/**
 * Atomics and plain stores in place of the calls.
 * @type {import('esbuild').Plugin}
 */
const byHand = {
  name: 'by hand',
  setup(bundler) {
    bundler.onLoad({ filter: /src\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (path.endsWith('hw/shared.ts') || !/from '[./]*(hw\/)?shared\.ts'/.test(text)) return undefined;
      const called = text.replaceAll(
        /(?<![.\w] ?|function )\b(load|store|add|or|and|exchange|compareExchange)\((?=[\w.]*words)/g,
        'Atomics.$1(',
      );
      const stored = called.replaceAll(/^( *)put\(([\w.]+), ([^,;]+), ([^,;]+)\);$/gm, '$1$2[$3] = $4;');
      return { contents: stored, loader: 'ts' };
    });
  },
};

/**
 * @typedef {{ NIC_DRIVERS: readonly any[], warmUp: (definition: any, parameters: any) => Iterable<void> }} Code
 * @param {string} folder
 * @param {string} name
 * @param {import('esbuild').Plugin[]} plugins
 * @returns {Promise<Code>}
 */
async function load(folder, name, plugins) {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    absWorkingDir: root,
    stdin: { contents: ENTRY, resolveDir: root, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'error',
    plugins,
  });
  return import(pathToFileURL(outfile).href);
}

/** Microseconds for one round of all drivers. @param {Code} code */
function time({ NIC_DRIVERS, warmUp }) {
  const begin = performance.now();
  for (const definition of NIC_DRIVERS) {
    const parameters = Object.fromEntries(
      definition.parameters.map((/** @type {any} */ spec) => [spec.name, spec.default]),
    );
    for (const _ of warmUp(definition, parameters));
  }
  return (performance.now() - begin) * 1000;
}

/** @param {number[]} values @param {number} part */
function quantile(values, part) {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
}

/** Who comes first has a warmer or a colder cache: in turn. @template T @param {T[]} list @param {number} by */
function rotated(list, by) {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

const folder = await mkdtemp(join(root, 'node_modules', '.bench-'));
try {
  /** @type {Record<string, Code>} */
  const builds = {
    'by hand': await load(folder, 'by-hand', [byHand]),
    product: await load(folder, 'product', []),
    simulation: await load(folder, 'simulation', [schedulingPoints(root)]),
  };
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(Object.keys(builds).map((name) => [name, []]));
  for (let warm = 0; warm < 5; warm++) for (const code of Object.values(builds)) time(code);
  for (let trial = 0; trial < TRIALS; trial++)
    for (const [name, code] of rotated(Object.entries(builds), trial)) times[name].push(time(code));
  const base = quantile(times['by hand'], 0.5);
  console.log(`node ${process.version}, ${TRIALS} interleaved trials; milliseconds a round, three drivers`);
  console.log('build         median   quartiles          median / by hand');
  for (const [name, values] of Object.entries(times)) {
    const [low, mid, high] = [0.25, 0.5, 0.75].map((part) => quantile(values, part) / 1000);
    const ratio = ((mid * 1000) / base).toFixed(3);
    console.log(
      `${name.padEnd(12)}  ${mid.toFixed(2).padStart(6)}   ${low.toFixed(2)} to ${high.toFixed(2)}`.padEnd(
        42,
      ),
      ratio,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
