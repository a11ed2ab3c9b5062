/**
 * A module of the user's own, with all that it imports by path, as one file of JavaScript. It is made afresh at each load:
 * the engine keeps what it has once imported, and takes no TypeScript.
 */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin, SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BuildFailure, BuildOptions, Message, Plugin } from 'esbuild';
import { lineOf, placeIn, type SourcePlace } from './source-place.ts';

/** A module cannot be bundled, or throws when it is loaded. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly place: SourcePlace | undefined;

  constructor(message: string, place: SourcePlace | undefined) {
    super(message);
    this.place = place;
  }
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
  return new Bundle(file, code, JSON.parse(map), packages);
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

/**
 * Packages are not bundled: the bundle, which lies elsewhere, finds each where the module would have found it. `ringswap` is
 * the copy that runs in this thread, wherever the module lies.
 */
function packagesAsTheyAre(found: Map<string, string>): Plugin {
  const passed = {};
  return {
    name: 'packages as they are',
    setup(bundler) {
      bundler.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...from }) => {
        if (from.kind === 'entry-point' || pluginData === passed || isBuiltin(path)) return undefined;
        if (path in SOURCES) return external(path, ownUrl(path));
        const { importer, kind, resolveDir } = from;
        const result = await bundler.resolve(path, { importer, kind, resolveDir, pluginData: passed });
        // What is found elsewhere is a source under another name.
        const { errors, path: place } = result;
        if (errors.length > 0) return { errors };
        if (!place.includes(`${sep}node_modules${sep}`)) return result;
        return external(path, pathToFileURL(place).href);
      });
    },
  };

  function external(path: string, url: string) {
    found.set(url, path);
    return { path: url, external: true };
  }
}

/** What `exports` of package.json has for programs, in the sources. */
const SOURCES: Readonly<Record<string, string>> = {
  ringswap: '../../testbed/index.ts',
  'ringswap/hw': '../../hw/index.ts',
};

function ownUrl(path: string): string {
  const here = import.meta.url;
  return here.endsWith('.ts') ? new URL(SOURCES[path], here).href : import.meta.resolve(path);
}

export class Bundle {
  private readonly file: string;
  private readonly code: string;
  private readonly payload: SourceMapPayload;
  private readonly map: SourceMap;
  /** Names of packages by the URLs that stand for them. */
  private readonly packages: ReadonlyMap<string, string>;

  constructor(file: string, code: string, payload: SourceMapPayload, packages: ReadonlyMap<string, string>) {
    this.file = file;
    this.code = code;
    this.payload = payload;
    this.map = new SourceMap(payload);
    this.packages = packages;
  }

  /** Runs it. Throws SourceError when it throws. */
  async load(): Promise<{ readonly default?: unknown }> {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'ringswap-'));
    const path = join(folder, 'module.mjs');
    try {
      writeFileSync(path, this.code);
      return await import(pathToFileURL(path).href);
    } catch (error) {
      throw new SourceError(this.reasonOf(error), this.placeOfThrow(error, basename(folder)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Where the default export is made; or in it a field, as `parameters[0].min`, as far as that can be told. */
  placeOf(field: string): SourcePlace | undefined {
    const made = this.placeOfDefault();
    if (made === undefined) return undefined;
    const source = this.sourceOf(made.file);
    const from = source
      .split('\n')
      .slice(0, made.line - 1)
      .join('\n').length;
    for (const key of field
      .split(/\W+/)
      .filter((part) => /^[a-z]/i.test(part))
      .reverse()) {
      const found = [
        ...source.slice(from).matchAll(new RegExp(`(?<![\\w$.])${key}(?=['"]?\\s*[:(,}])`, 'g')),
      ];
      if (found.length === 1) return placeIn(made.file, source, from + found[0].index);
    }
    return made;
  }

  /** The bundler gives the default export a name of its own, or keeps the one that it has. */
  private placeOfDefault(): SourcePlace | undefined {
    const [, name] = /([\w$]+) as default\b/.exec(this.code) ?? [];
    if (name === undefined) return undefined;
    const declared = new RegExp(`^(?:var|let|const|class|function) ${name.replaceAll('$', '\\$')}\\b`, 'm');
    const offset = this.code.search(declared);
    if (offset < 0) return undefined;
    const { line, column } = placeIn(this.file, this.code, offset);
    return this.placeAt(line, column);
  }

  /** Its innermost call that is the module's. */
  private placeOfThrow(error: unknown, folder: string): SourcePlace | undefined {
    const { stack = '' } = error instanceof Error ? error : {};
    const [, line, column = '1'] = new RegExp(`${folder}/module\\.mjs:(\\d+)(?::(\\d+))?`).exec(stack) ?? [];
    return line === undefined ? undefined : this.placeAt(Number(line), Number(column));
  }

  private reasonOf(error: unknown): string {
    if (!(error instanceof Error)) return `it throws ${String(error)}`;
    let reason = error.name === 'Error' ? error.message : `${error.name}: ${error.message}`;
    for (const [url, name] of this.packages) reason = reason.replaceAll(url, name);
    return reason;
  }

  /** Where a place of the bundle comes from. */
  private placeAt(line: number, column: number): SourcePlace | undefined {
    const entry = this.map.findEntry(line - 1, column - 1);
    if (!('originalSource' in entry)) return undefined;
    const { originalSource, originalLine, originalColumn } = entry;
    const file = this.pathOf(originalSource);
    const text = lineOf(this.sourceOf(file), originalLine + 1);
    return { file, line: originalLine + 1, column: originalColumn + 1, text };
  }

  private sourceOf(file: string): string {
    const index = this.payload.sources.findIndex((source) => this.pathOf(source) === file);
    return this.payload.sourcesContent[index] ?? '';
  }

  /** Sources are told from where the bundle would lie. */
  private pathOf(source: string): string {
    return source.startsWith('file:') ? fileURLToPath(source) : resolve(dirname(this.file), source);
  }
}
