import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from './errors.ts';
import { didYouMean } from './suggest.ts';

/** What a book has entries of. */
export interface BookKind<D> {
  readonly noun: string;
  readonly article: 'a' | 'an';
  readonly builtIn: readonly D[];
  /** Imports a module whose default export is one. Rejects with an error whose message is complete. */
  readonly load: (url: string) => Promise<D>;
}

/** What a scenario may name of one kind: built-in definitions, and modules of the user's own by their paths. */
export class Book<D extends { readonly name: string }> {
  /** URLs of the modules. */
  readonly modules: readonly string[];
  private readonly kind: BookKind<D>;
  private readonly definitions: ReadonlyMap<string, D>;
  /** Paths as given, to the names of the definitions behind them. */
  private readonly names: ReadonlyMap<string, string>;

  private constructor(
    kind: BookKind<D>,
    definitions: ReadonlyMap<string, D>,
    names: ReadonlyMap<string, string>,
    modules: readonly string[],
  ) {
    this.kind = kind;
    this.definitions = definitions;
    this.names = names;
    this.modules = modules;
  }

  /** Loads every module that is referred to. Throws UsageError. */
  static async open<D extends { readonly name: string }>(
    kind: BookKind<D>,
    references: readonly string[],
  ): Promise<Book<D>> {
    const definitions = new Map(kind.builtIn.map((definition) => [definition.name, definition]));
    const names = new Map<string, string>();
    const loaded = new Map<string, string>();
    for (const reference of new Set(references.filter(isPath))) {
      const url = moduleUrl(kind.noun, reference);
      const name = loaded.get(url) ?? (await enter(kind, reference, url, definitions));
      names.set(reference, name);
      loaded.set(url, name);
    }
    return new Book(kind, definitions, names, [...loaded.keys()]);
  }

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
    const known = [...this.definitions.keys()];
    throw new UsageError(
      `${where}: there is no ${this.kind.noun} ${reference}${didYouMean(reference, known)}; choose ${known.join(', ')} or the path of a module`,
    );
  }
}

/** Returns the name under which it is entered. */
async function enter<D extends { readonly name: string }>(
  { noun, article, load }: BookKind<D>,
  reference: string,
  url: string,
  definitions: Map<string, D>,
): Promise<string> {
  const definition = await load(url).catch((error: unknown) => {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  });
  const { name } = definition;
  if (definitions.has(name))
    throw new UsageError(
      `${reference}: there is ${article} ${noun} named ${name} already; give yours another name`,
    );
  definitions.set(name, definition);
  return name;
}

function isPath(reference: string): boolean {
  return reference.includes('/') || /\.m?js$/.test(reference);
}

/** Of a path as given. Throws UsageError. */
export function moduleUrl(noun: string, reference: string): string {
  const file = isAbsolute(reference) ? reference : resolve(reference);
  if (!existsSync(file)) throw new UsageError(`${noun} module ${reference}: there is no such file`);
  return pathToFileURL(file).href;
}
