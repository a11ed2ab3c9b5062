import type { Burst } from '../../drivers/burst.ts';
import type { SlotView } from '../../drivers/contract.ts';
import { reasonOf } from '../../swap/slices.ts';

/** The driver of the card that frames leave by threw. */
export class ExitFailure extends Error {
  readonly slot: number;

  constructor(slot: number, cause: unknown) {
    super(reasonOf(cause), { cause });
    this.name = 'ExitFailure';
    this.slot = slot;
  }
}

/** The card that an application sends by. What its driver throws is that driver's failure, not the application's. */
export class Exit {
  private readonly slot: SlotView;

  constructor(slot: SlotView) {
    this.slot = slot;
  }

  get name(): string {
    return this.slot.name;
  }

  /** As `NicDriver.room`, of whoever drives the card at the moment. */
  room(queue: number): number {
    try {
      return this.slot.driver.room(queue);
    } catch (error) {
      throw new ExitFailure(this.slot.index, error);
    }
  }

  /** As `NicDriver.transmit`, of the first segments of a burst as it came from its ring. */
  transmit(queue: number, burst: Burst, segments: number): void {
    try {
      this.slot.driver.transmit(queue, burst, segments, burst.ring, burst.position);
    } catch (error) {
      throw new ExitFailure(this.slot.index, error);
    }
  }
}
