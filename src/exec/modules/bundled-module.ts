import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Bundle } from './bundle.ts';
import { OWN_PACKAGES, ownUrl, standIn } from './own-packages.ts';
import { placeIn, SourceError, type SourcePlace } from './source-place.ts';
import { Sources } from './sources.ts';

/** A bundle in a thread that runs it: it says where in its sources something is. */
export class BundledModule {
  private readonly code: string;
  /** Of the file that is run, by which calls of it are known in a stack. */
  private readonly name: string;
  private readonly sources: Sources;
  /** Names of packages by the URLs that stand for them. */
  private readonly packages: ReadonlyMap<string, string>;

  constructor({ file, code, digest, map, packages }: Bundle) {
    this.name = `${digest}.mjs`;
    const own = OWN_PACKAGES.map((name) => [ownUrl(name), name] as const);
    this.code = own.reduce((text, [url, name]) => text.replaceAll(`"${standIn(name)}"`, `"${url}"`), code);
    this.sources = new Sources(dirname(file), map);
    this.packages = new Map([...packages, ...own]);
  }

  /** Runs it, from a file that is there for that long. Throws SourceError when it throws. */
  async load(): Promise<{ readonly default?: unknown }> {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'ringswap-'));
    const path = join(folder, this.name);
    try {
      writeFileSync(path, this.code);
      return await import(pathToFileURL(path).href);
    } catch (error) {
      throw new SourceError(this.reasonOf(error), this.placeOfThrow(error));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Of a field of the default export, as `parameters[0].min`, or of what it is in, as far as its name tells. */
  placeOfField(field: string): SourcePlace | undefined {
    const made = this.placeOfExport('default');
    if (made === undefined) return undefined;
    const names = field.match(/[a-z]\w*/gi) ?? [];
    for (const name of names.reverse()) {
      const key = new RegExp(`(?<![\\w$.'"])(['"]?)${name}\\1(?=\\s*[:(,}])`, 'g');
      const found = this.sources.following(made, key);
      if (found.length === 1) return found[0];
    }
    return made;
  }

  /** Where it is declared; the bundler gives a default export a name, unless it has one. */
  placeOfExport(exported: string): SourcePlace | undefined {
    const [, name = exported] = new RegExp(`([\\w$]+) as ${exported}\\b`).exec(this.code) ?? [];
    const declared = new RegExp(`^(?:var|let|const|class|function) ${name.replaceAll('$', '\\$')}\\b`, 'm');
    const offset = this.code.search(declared);
    if (offset < 0) return undefined;
    const { line, column } = placeIn('', this.code, offset);
    return this.sources.placeAt(line, column);
  }

  /** Of what its code throws: the innermost call that is the module's. */
  placeOfThrow(error: unknown): SourcePlace | undefined {
    const { stack = '' } = error instanceof Error ? error : {};
    const [, line, column = '1'] = new RegExp(`${this.name}:(\\d+)(?::(\\d+))?`).exec(stack) ?? [];
    const place = line === undefined ? undefined : this.sources.placeAt(Number(line), Number(column));
    // Of an import of what is not there the engine tells the statement alone.
    const [, name] = /does not provide an export named '(\w+)'/.exec(stack) ?? [];
    if (place === undefined || name === undefined) return place;
    return this.sources.following(place, new RegExp(`\\b${name}\\b`, 'g'))[0] ?? place;
  }

  private reasonOf(error: unknown): string {
    if (!(error instanceof Error)) return `it throws ${String(error)}`;
    let reason = error.name === 'Error' ? error.message : `${error.name}: ${error.message}`;
    for (const [url, name] of this.packages) reason = reason.replaceAll(url, name);
    return reason;
  }
}
