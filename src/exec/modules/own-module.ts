import { type Bundle, bundle } from './bundle.ts';
import { BundledModule } from './bundled-module.ts';
import type { Misfit, Shape } from './shape.ts';
import { SourceError, type SourcePlace, shownPath } from './source-place.ts';

/** So many fields are named behind the first that is wrong. */
const MOST_NAMED = 6;

/** A module of the user's own that is not what it is to be. */
export class ModuleError extends Error {
  /** Where in its sources, as far as that can be told. */
  readonly place: SourcePlace | undefined;

  constructor(kind: string, file: string, reason: string, place?: SourcePlace) {
    super(`${kind} module ${shownPlace(file, place)}: ${reason}`);
    this.name = 'ModuleError';
    this.place = place;
  }
}

function shownPlace(file: string, place: SourcePlace | undefined): string {
  if (place === undefined) return shownPath(file);
  const at = `${shownPath(place.file)}:${place.line}:${place.column}`;
  return place.file === file ? at : `${shownPath(file)}: ${at}`;
}

/** A module, and the name that its default export goes by in a run: of two with one name, one has another. */
export interface OwnModule {
  readonly bundle: Bundle;
  readonly name: string;
}

/** A definition as it is called in a run. */
export function renamed<D extends { readonly name: string }>(definition: D, name: string): D {
  return definition.name === name ? definition : { ...definition, name };
}

/** Throws ModuleError. */
export function bundleModule(kind: string, file: string): Promise<Bundle> {
  return bundle(file).catch((error: unknown) => blame(kind, file, error));
}

/** The default export of a module, if it has that shape. Throws ModuleError. */
export function importDefault<T extends object>(kind: string, bundle: Bundle, shape: Shape<T>): Promise<T> {
  return defaultOf(new BundledModule(bundle), shape).catch((error: unknown) =>
    blame(kind, bundle.file, error),
  );
}

function blame(kind: string, file: string, error: unknown): never {
  if (error instanceof SourceError) throw new ModuleError(kind, file, error.message, error.place);
  throw error;
}

/** Throws SourceError. */
async function defaultOf<T extends object>(module: BundledModule, shape: Shape<T>): Promise<T> {
  const { default: value, ...others } = await module.load();
  if (shape.fits(value)) return value;
  const mustBe = `its default export must be ${shape.words}`;
  if (value === undefined) {
    const [first, ...more] = Object.keys(others);
    if (first === undefined) throw new SourceError(`${mustBe}; it exports nothing`, undefined);
    const names = [first, ...more].join(', ');
    throw new SourceError(`${mustBe}; it exports ${names} alone`, module.placeOfExport(first));
  }
  const [first, ...more] = shape.misfits(value);
  if (first.at === '') throw new SourceError(`${mustBe}; ${first.says}`, module.placeOfExport('default'));
  throw new SourceError(first.says + alsoWrong(more), module.placeOfField(first.at));
}

function alsoWrong(misfits: readonly Misfit[]): string {
  if (misfits.length === 0) return '';
  const some = misfits.slice(0, MOST_NAMED).map(({ at }) => `\`${at}\``);
  const rest = misfits.length > MOST_NAMED ? ` and ${misfits.length - MOST_NAMED} more` : '';
  return `; also wrong: ${some.join(', ')}${rest}`;
}
