/** Who has served each card, as its assignment told from time to time: so that there is somebody to go back to. */
import type { NicDriverDefinition } from '../../drivers/contract.ts';
import { NIC_DRIVERS } from '../../drivers/index.ts';
import { resolveParameters } from '../../drivers/parameters.ts';
import type { CardLayout } from '../../host/machine.ts';
import type { Memory } from '../../hw/memory.ts';
import { Assignment, type Description, placeIn } from '../../swap/assignment.ts';

const KEPT = 8;
/** Whom every machine knows stand in front of those that it has learned of, so their places are the same everywhere. */
const BUILT_IN: ReadonlyMap<string, NicDriverDefinition> = new Map(
  NIC_DRIVERS.map((definition) => [definition.name, definition]),
);

export class Incumbents {
  private readonly card: CardLayout;
  private readonly assignment: Assignment<NicDriverDefinition>;
  /** The one that serves last. */
  private seen: readonly Description[] = [];

  constructor(memory: Memory, card: CardLayout) {
    this.card = card;
    this.assignment = new Assignment(memory.words, card.assignment.address >>> 2, BUILT_IN);
  }

  get stateAddress(): number {
    return this.assignment.stateAddress;
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
   * Nobody serves: the last one that did, and that may, is to serve next, with the parameters that it had; or else the first of the
   * built-in drivers. Returns its place; undefined if none may.
   */
  goBack(may: (place: number) => boolean): number | undefined {
    const earlier = this.seen.findLast((description) => may(placeIn(description)));
    if (earlier !== undefined) {
      this.assignment.restate(earlier);
      return placeIn(earlier);
    }
    if (!may(0)) return undefined;
    const [{ name, parameters }] = NIC_DRIVERS;
    this.assignment.prepare(NIC_DRIVERS[0], resolveParameters(name, parameters, {}, this.card.parameters));
    this.assignment.point();
    return 0;
  }
}
