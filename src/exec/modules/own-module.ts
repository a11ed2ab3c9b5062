import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';
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

/** The default export of a module, if it has that shape. Throws ModuleError. */
export async function importDefault<T extends object>(
  kind: string,
  url: string,
  shape: Shape<T>,
): Promise<T> {
  const file = fileURLToPath(url);
  try {
    const bundled = await bundle(file);
    const { default: value } = await bundled.load();
    if (shape.fits(value)) return value;
    const [first, ...more] = shape.misfits(value);
    throw new SourceError(saysOf(first, more, shape.words), bundled.placeOf(first.at));
  } catch (error) {
    if (error instanceof SourceError) throw new ModuleError(kind, file, error.message, error.place);
    throw error;
  }
}

function saysOf({ at, says }: Misfit, more: readonly Misfit[], words: string): string {
  if (at === '') return `its default export must be ${words}; ${says}`;
  if (more.length === 0) return says;
  const others = more.slice(0, MOST_NAMED).map((misfit) => `\`${misfit.at}\``);
  const rest = more.length > MOST_NAMED ? ` and ${more.length - MOST_NAMED} more` : '';
  return `${says}; also wrong: ${others.join(', ')}${rest}`;
}
