/**
 * Who serves a device: what a CPU that takes it over must know and does not find in the state block, as shared words.
 *
 * word 0: address of the state block, 0 while no driver has been started. Word 1: how often another description was made to hold;
 * its lowest bit is the number of the one of the two behind it that does. A description has the driver, by its place among those that the machine knows, and the values of its parameters
 * in the order in which it declares them. The bank of that number has the words of its own (`OwnWords`).
 */
import type { DriverDeclaration } from '../drivers/contract.ts';
import { ParameterError, type Parameters } from '../drivers/parameters.ts';
import { load, put, store } from '../hw/shared.ts';

const STATE = 0;
const HOLDS = 1;
const DESCRIPTIONS = 2;
const DRIVER = 0;
const VALUES = 1;
const MOST_VALUES = 31;
const DESCRIPTION_WORDS = VALUES + MOST_VALUES;
export const ASSIGNMENT_BYTES = (DESCRIPTIONS + 2 * DESCRIPTION_WORDS) * 4;

/** A description as it lies in memory: whoever keeps one can have it hold again, and needs to know no driver for that. */
export type Description = readonly number[];

/** The driver's place in a description, among those that the machine knows. */
export function placeIn(description: Description): number {
  return description[DRIVER];
}

export interface Assigned<D extends DriverDeclaration> {
  readonly definition: D;
  readonly parameters: Parameters;
}

export class Assignment<D extends DriverDeclaration> {
  private readonly words: Int32Array;
  private readonly at: number;
  private readonly known: ReadonlyMap<string, D>;
  /** The description that a swap has prepared. */
  private prepared = 0;

  /** `known`: all drivers of the machine, in the same order for whoever reads this. More may come behind them. */
  constructor(words: Int32Array, at: number, known: ReadonlyMap<string, D>) {
    this.words = words;
    this.at = at;
    this.known = known;
  }

  /** The device is up: from now on it can be taken over. Publishes the description that holds. */
  serve(stateAddress: number): void {
    store(this.words, this.at + STATE, stateAddress);
  }

  get stateAddress(): number {
    return load(this.words, this.at + STATE);
  }

  /** Writes the description that does not hold: `point` makes it the one that does. Throws ParameterError. */
  prepare(definition: D, parameters: Parameters): void {
    const { parameters: specs, name } = definition;
    if (specs.length > MOST_VALUES)
      throw new ParameterError(`driver ${name} has ${specs.length} parameters; ${MOST_VALUES} are possible`);
    this.prepared = 1 - this.bank;
    const description = this.description(this.prepared);
    put(this.words, description + DRIVER, [...this.known.values()].indexOf(definition));
    for (let i = 0; i < specs.length; i++)
      put(this.words, description + VALUES + i, parameters[specs[i].name]);
  }

  /** What was prepared holds: the one store by which a swap is made for whoever comes after. Publishes the description. */
  point(): void {
    this.hold(this.prepared);
  }

  /** Of the description that holds, and of what was prepared. */
  get bank(): number {
    return this.version & 1;
  }

  get nextBank(): number {
    return this.prepared;
  }

  /** As long as it is the same, so is who serves. */
  get version(): number {
    return load(this.words, this.at + HOLDS);
  }

  /** What holds, or undefined where no such driver is known. */
  read(): Assigned<D> | undefined {
    const description = this.description(this.bank);
    const place = this.words[description + DRIVER];
    const definition = place < 0 ? undefined : [...this.known.values()].at(place);
    if (definition === undefined) return undefined;
    const values = definition.parameters.map(({ name }, i) => [name, this.words[description + VALUES + i]]);
    return { definition, parameters: Object.fromEntries(values) };
  }

  /** The description that holds, or undefined where it changes meanwhile: the reader need not be the CPU that serves. */
  describe(): Description | undefined {
    const { version } = this;
    const description = this.description(version & 1);
    const copy = [...this.words.subarray(description, description + DESCRIPTION_WORDS)];
    return this.version === version ? copy : undefined;
  }

  /** An earlier description holds again. Nobody serves meanwhile. Words of its own the driver finds if the bank has some in a format of its. */
  restate(earlier: Description): void {
    this.prepared = 1 - this.bank;
    const description = this.description(this.prepared);
    for (let word = 0; word < DESCRIPTION_WORDS; word++) put(this.words, description + word, earlier[word]);
    this.point();
  }

  private hold(description: number): void {
    const { version } = this;
    if ((version & 1) !== description) store(this.words, this.at + HOLDS, (version + 1) | 0);
  }

  private description(which: number): number {
    return this.at + DESCRIPTIONS + which * DESCRIPTION_WORDS;
  }
}

/** Of a device that nobody will take over. */
export function unread<D extends DriverDeclaration>(): Assignment<D> {
  return new Assignment<D>(new Int32Array(new SharedArrayBuffer(ASSIGNMENT_BYTES)), 0, new Map());
}
