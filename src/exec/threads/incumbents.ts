/** Who has served a device, as its assignment told from time to time: so that there is somebody to go back to. */
import type { DriverDeclaration } from '../../drivers/contract.ts';
import { type Parameters, resolveParameters } from '../../drivers/parameters.ts';
import type { Memory, Region } from '../../hw/memory.ts';
import { Assignment, type Description, placeIn } from '../../swap/assignment.ts';

const KEPT = 8;

export class Incumbents {
  private readonly assignment: Assignment<DriverDeclaration>;
  private readonly builtIn: readonly DriverDeclaration[];
  private readonly parameters: Parameters;
  /** The one that serves last. */
  private seen: readonly Description[] = [];

  /**
   * `builtIn`: the drivers that every machine knows for such a device. They stand in front of those that it has learned of, so their
   * places are the same everywhere. `parameters`: what the device has served with first; its rings are kept.
   */
  constructor(
    memory: Memory,
    assignment: Region,
    builtIn: readonly DriverDeclaration[],
    parameters: Parameters,
  ) {
    const known = new Map(builtIn.map((definition) => [definition.name, definition]));
    this.assignment = new Assignment(memory.words, assignment.address >>> 2, known);
    this.builtIn = builtIn;
    this.parameters = parameters;
  }

  get stateAddress(): number {
    return this.assignment.stateAddress;
  }

  /** Of the words of its own that whoever serves has. */
  get bank(): number {
    return this.assignment.bank;
  }

  /** The place of the driver that serves, among those that the machine knows. */
  get place(): number | undefined {
    const description = this.assignment.describe();
    return description === undefined ? undefined : placeIn(description);
  }

  /** Whoever serves now has come through its probation. */
  look(): void {
    const now = this.assignment.describe();
    if (now === undefined) return;
    const others = this.seen.filter((description) => placeIn(description) !== placeIn(now));
    this.seen = [...others, now].slice(-KEPT);
  }

  /**
   * Nobody serves: the last one that did, that fits, and that may, is to serve next, with the parameters that it had; or else the first
   * of the built-in drivers that fit. Returns its place; undefined if none may.
   */
  goBack(fits: (place: number) => boolean, may: (place: number) => boolean): number | undefined {
    const { assignment, builtIn } = this;
    const earlier = this.seen.findLast((description) => {
      const place = placeIn(description);
      return fits(place) && may(place);
    });
    if (earlier !== undefined) {
      assignment.restate(earlier);
      return placeIn(earlier);
    }
    const place = builtIn.findIndex((_, candidate) => fits(candidate));
    if (place < 0 || !may(place)) return undefined;
    const { name, parameters } = builtIn[place];
    assignment.prepare(builtIn[place], resolveParameters(name, parameters, {}, this.parameters));
    assignment.point();
    return place;
  }
}
