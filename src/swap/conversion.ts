/** The words that a driver has for itself, on their way from the format that it exports to one that its successor imports. */
import type { Converter } from '../drivers/contract.ts';
import { OWN_WORDS, type OwnWords } from '../drivers/state-block.ts';
import { reasonOf } from './slices.ts';

/** A converter did not do what it is for. */
export class ConverterFailed extends Error {
  constructor({ from, to }: Converter, reason: string, options?: ErrorOptions) {
    super(`converter ${from} → ${to}: ${reason}`, options);
    this.name = 'ConverterFailed';
  }
}

/** Made while preparing: in the pause it allocates nothing. */
export class Conversion {
  private readonly path: readonly Converter[];
  private readonly kept = new Int32Array(OWN_WORDS);
  private from = new Int32Array(OWN_WORDS);
  private to = new Int32Array(OWN_WORDS);

  constructor(path: readonly Converter[]) {
    this.path = path;
  }

  /** Converters see copies. Throws ConverterFailed; until the last of them is done, the words are as they were exported. */
  convert(own: OwnWords, format: string): void {
    own.copyTo(this.kept);
    this.to.set(this.kept);
    for (const converter of this.path) {
      [this.from, this.to] = [this.to, this.from];
      this.to.fill(0);
      demandNothing(converter, attempted(converter, this.from, this.to));
    }
    own.copyFrom(this.to, format);
  }

  /** The words as they were exported. */
  takeBack(own: OwnWords, format: string): void {
    own.copyFrom(this.kept, format);
  }
}

function attempted(converter: Converter, from: Int32Array, to: Int32Array): unknown {
  try {
    return converter.convert(from, to);
  } catch (error) {
    throw new ConverterFailed(converter, reasonOf(error), { cause: error });
  }
}

/** One that is asynchronous has not done its work yet; what becomes of it is nobody's error any more. */
function demandNothing(converter: Converter, returned: unknown): void {
  if (returned === undefined) return;
  if (returned instanceof Promise) returned.catch(() => undefined);
  throw new ConverterFailed(
    converter,
    'it returned something; it has to write to its second argument, at once',
  );
}
