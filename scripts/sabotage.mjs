// Runs test/sabotage/table.ts: `npm run sabotage -- --only NAME,... --seeds N --from S --list FILE`.
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
// Inside the checkout, so that esbuild itself is found from there.
const folder = await mkdtemp(join(root, 'node_modules', '.sabotage-'));
try {
  const outfile = join(folder, 'table.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['test/sabotage/table.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  });
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(folder, { recursive: true, force: true });
}
