import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ModuleError } from '../exec/modules/own-module.ts';
import { UsageError } from './errors.ts';
import { didYouMean } from './suggest.ts';

/** What a book has entries of. */
export interface BookKind<D> {
  readonly noun: string;
  readonly article: 'a' | 'an';
  /** Behind the noun, where there are books of several: ` of disks`. */
  readonly whose?: string;
  readonly builtIn: readonly D[];
}

/** Imports a module whose default export is one. Rejects with an error whose message is complete. */
export type Load<D> = (url: string) => Promise<D>;

/** A module of the user's own, and the paths by which it was named. */
export interface Loaded<D> {
  readonly url: string;
  readonly references: readonly [string, ...string[]];
  readonly definition: D;
}

/** What a scenario may name of one kind: built-in definitions, and modules of the user's own by their paths. */
export class Book<D extends { readonly name: string }> {
  /** URLs of the modules. */
  readonly modules: readonly string[];
  private readonly kind: BookKind<D>;
  private readonly definitions: ReadonlyMap<string, D>;
  /** Paths as given, to the names of the definitions behind them. */
  private readonly names: ReadonlyMap<string, string>;

  /** Throws UsageError when two have one name. */
  constructor(kind: BookKind<D>, loaded: readonly Loaded<D>[]) {
    const definitions = new Map(kind.builtIn.map((definition) => [definition.name, definition]));
    const owners = new Map<string, string>();
    const names = new Map<string, string>();
    for (const { references, definition } of loaded) {
      const { name } = definition;
      if (definitions.has(name)) throw taken(kind, references[0], name, owners.get(name));
      definitions.set(name, definition);
      owners.set(name, references[0]);
      for (const reference of references) names.set(reference, name);
    }
    this.modules = loaded.map(({ url }) => url);
    this.kind = kind;
    this.definitions = definitions;
    this.names = names;
  }

  /** Loads every module that is named. Throws UsageError. */
  static async open<D extends { readonly name: string }>(
    kind: BookKind<D>,
    load: Load<D>,
    references: readonly string[],
  ): Promise<Book<D>> {
    return new Book(kind, await loadModules(kind.noun, load, references.filter(isPath)));
  }

  /** Built-in ones first. */
  get all(): readonly D[] {
    return [...this.definitions.values()];
  }

  /** By name, or by the path of its module. */
  lookUp(reference: string): D | undefined {
    return this.definitions.get(this.names.get(reference) ?? reference);
  }

  /** Likewise. Throws UsageError. */
  find(reference: string, where: string): D {
    const definition = this.lookUp(reference);
    if (definition !== undefined) return definition;
    const { noun, whose = '' } = this.kind;
    const known = [...this.definitions.keys()];
    throw new UsageError(
      `${where}: there is no ${noun} ${reference}${whose}${didYouMean(reference, known)}; choose ${known.join(', ')} or the path of a module`,
    );
  }
}

function taken<D>(
  { noun, article, whose = '' }: BookKind<D>,
  reference: string,
  name: string,
  owner: string | undefined,
): UsageError {
  const [by, advice] =
    owner === undefined
      ? ['a built-in one', 'give yours another name']
      : [`that of ${owner}`, 'give one of the two another name'];
  return new UsageError(
    `${reference}: there is ${article} ${noun}${whose} named ${name} already, ${by}; ${advice}`,
  );
}

/** Loads modules by their paths, each once. Throws UsageError. */
export async function loadModules<D>(
  noun: string,
  load: Load<D>,
  paths: readonly string[],
): Promise<Loaded<D>[]> {
  const loaded = new Map<string, { url: string; references: [string, ...string[]]; definition: D }>();
  for (const path of new Set(paths)) {
    const url = moduleUrl(noun, path);
    const known = loaded.get(url);
    if (known !== undefined) known.references.push(path);
    else loaded.set(url, { url, references: [path], definition: await load(url).catch(refused) });
  }
  return [...loaded.values()];
}

function refused(error: unknown): never {
  if (error instanceof ModuleError) throw new UsageError(error.message, error.place);
  throw error;
}

/** And no name of a built-in one? */
export function isPath(reference: string): boolean {
  return reference.includes('/') || /\.m?[jt]s$/.test(reference);
}

function moduleUrl(noun: string, reference: string): string {
  const file = isAbsolute(reference) ? reference : resolve(reference);
  if (!existsSync(file)) throw new UsageError(`${noun} module ${reference}: there is no such file`);
  return pathToFileURL(file).href;
}
