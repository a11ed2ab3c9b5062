/**
 * A module of the user's own, with all that it imports by path, as one file of JavaScript. It is made afresh at each load:
 * the engine keeps what it has once imported, and takes no TypeScript.
 */
import { createHash } from 'node:crypto';
import { isBuiltin, type SourceMapPayload } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, BuildOptions, Message, Plugin } from 'esbuild';
import { OWN_PACKAGES, standIn } from './own-packages.ts';
import { SourceError, type SourcePlace } from './source-place.ts';

/** Plain data: made by one thread, it is run by others. */
export interface Bundle {
  /** The module. */
  readonly file: string;
  readonly code: string;
  /** Of the code: another version has another one. */
  readonly digest: string;
  readonly map: SourceMapPayload;
  /** Names of packages by the URLs that stand for them. */
  readonly packages: ReadonlyMap<string, string>;
}

/** Throws SourceError. */
export async function bundle(file: string): Promise<Bundle> {
  // Imported here: a thread without modules of the user's own does without a bundler.
  const { build } = await import('esbuild');
  const folder = dirname(file);
  const packages = new Map<string, string>();
  const url = pathToFileURL(file).href;
  const options = {
    entryPoints: [file],
    absWorkingDir: folder,
    outfile: join(folder, 'bundle.mjs'), // places of sources are told from here; nothing is written
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    charset: 'utf8',
    sourcemap: 'external',
    logLevel: 'silent',
    define: Object.fromEntries(
      Object.entries({ url, filename: file, dirname: folder }).map(([name, value]) => [
        `import.meta.${name}`,
        JSON.stringify(value),
      ]),
    ),
    plugins: [packagesAsTheyAre(packages)],
  } satisfies BuildOptions;
  const { outputFiles } = await build(options).catch((error: unknown) => {
    throw isBuildFailure(error) ? firstOf(error, folder) : error;
  });
  const [map, code] = ['.map', '.mjs'].map(
    (end) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '',
  );
  const digest = createHash('sha256').update(code).digest('hex');
  return { file, code, digest, map: JSON.parse(map), packages };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

function firstOf({ errors: [first] }: BuildFailure, folder: string): SourceError {
  return new SourceError(first.text, placeOfMessage(first, folder));
}

/** The bundler counts columns in bytes, from 0. */
function placeOfMessage({ location }: Message, folder: string): SourcePlace | undefined {
  if (location === null) return undefined;
  const { file, line, column, lineText } = location;
  const before = Buffer.from(lineText).subarray(0, column).toString();
  return { file: resolve(folder, file), line, column: before.length + 1, text: lineText.trimEnd() };
}

/** Packages are not bundled: the bundle, which lies elsewhere, finds each where the module would have found it. */
function packagesAsTheyAre(found: Map<string, string>): Plugin {
  const passed = {};
  return {
    name: 'packages as they are',
    setup(bundler) {
      bundler.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...from }) => {
        if (from.kind === 'entry-point' || pluginData === passed || isBuiltin(path)) return undefined;
        if (OWN_PACKAGES.includes(path)) return { path: standIn(path), external: true };
        const { importer, kind, resolveDir } = from;
        const result = await bundler.resolve(path, { importer, kind, resolveDir, pluginData: passed });
        // What is found elsewhere is a source under another name.
        const { errors, path: place } = result;
        if (errors.length > 0) return { errors };
        if (!place.includes(`${sep}node_modules${sep}`)) return result;
        const { href } = pathToFileURL(place);
        found.set(href, path);
        return { path: href, external: true };
      });
    },
  };
}
