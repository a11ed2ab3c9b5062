import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Bundle } from '../exec/modules/bundle.ts';
import { bundleModule, ModuleError, type OwnModule, renamed } from '../exec/modules/own-module.ts';
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
export type Load<D> = (bundle: Bundle) => Promise<D>;

/** A module of the user's own, and the paths by which it was named. */
export interface Loaded<D> {
  readonly bundle: Bundle;
  readonly references: readonly [string, ...string[]];
  readonly definition: D;
}

/** What a scenario may name of one kind: built-in definitions, and modules of the user's own by their paths. */
export class Book<D extends { readonly name: string }> {
  /** In the order in which they came. */
  readonly modules: OwnModule[] = [];
  private readonly kind: BookKind<D>;
  private readonly definitions: Map<string, D>;
  /** Paths as given, to the names of the definitions behind them. */
  private readonly names = new Map<string, string>();

  /** Throws UsageError when one has the name of a built-in one. */
  constructor(kind: BookKind<D>, loaded: readonly Loaded<D>[]) {
    this.kind = kind;
    this.definitions = new Map(kind.builtIn.map((definition) => [definition.name, definition]));
    for (const module of loaded) this.add(module);
  }

  /** Returns it as it is called from now on. Throws likewise. */
  add({ bundle, references, definition }: Loaded<D>): D {
    const name = this.nameFor(definition.name, references[0]);
    const entered = renamed(definition, name);
    this.definitions.set(name, entered);
    for (const reference of references) this.names.set(reference, name);
    this.modules.push({ bundle, name });
    return entered;
  }

  /** The first module has the name that it gives itself, any other a number behind it. Throws likewise. */
  nameFor(name: string, reference: string): string {
    const { noun, article, whose = '', builtIn } = this.kind;
    if (builtIn.some((definition) => definition.name === name))
      throw new UsageError(
        `${reference}: there is ${article} ${noun}${whose} named ${name} already, a built-in one; give yours another name`,
      );
    let free = name;
    for (let version = 2; this.definitions.has(free); version++) free = `${name}#${version}`;
    return free;
  }

  /** Undefined if no module is that bundle. */
  ofBundle({ file, digest }: Bundle): D | undefined {
    const known = this.modules.find(({ bundle }) => bundle.file === file && bundle.digest === digest);
    return known === undefined ? undefined : this.definitions.get(known.name);
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

/** Loads modules by their paths, each once. Throws UsageError. */
export async function loadModules<D>(
  noun: string,
  load: Load<D>,
  paths: readonly string[],
): Promise<Loaded<D>[]> {
  const loaded = new Map<string, { bundle: Bundle; references: [string, ...string[]]; definition: D }>();
  for (const path of new Set(paths)) {
    const file = moduleFile(noun, path);
    const known = loaded.get(file);
    if (known !== undefined) known.references.push(path);
    else loaded.set(file, { ...(await loadModule(noun, load, file)), references: [path] });
  }
  return [...loaded.values()];
}

async function loadModule<D>(
  noun: string,
  load: Load<D>,
  file: string,
): Promise<Omit<Loaded<D>, 'references'>> {
  try {
    const bundle = await bundleModule(noun, file);
    return { bundle, definition: await load(bundle) };
  } catch (error) {
    refused(error);
  }
}

/** What is wrong with a module is what its user is told. */
export function refused(error: unknown): never {
  if (error instanceof ModuleError) throw new UsageError(error.message, error.place);
  throw error;
}

/** Is what a run calls a driver that driver, or another version of it? */
export function isVersionOf(name: string, driver: string): boolean {
  return name === driver || name.replace(/#\d+$/, '') === driver;
}

/** And no name of a built-in one? */
export function isPath(reference: string): boolean {
  return reference.includes('/') || /\.m?[jt]s$/.test(reference);
}

/** Throws UsageError when there is none. */
export function moduleFile(noun: string, reference: string): string {
  const file = resolve(reference);
  if (!existsSync(file)) throw new UsageError(`${noun} module ${reference}: there is no such file`);
  return file;
}
