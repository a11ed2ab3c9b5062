import type { Burst } from '../../drivers/burst.ts';
import type { Application, SlotView } from '../../drivers/contract.ts';
import { reasonOf } from '../../swap/slices.ts';
import { ExitFailure } from './exit.ts';

/** An application threw, or did what none may. The message names it. */
export class ApplicationFailure extends Error {
  constructor(name: string, what: string, options?: ErrorOptions) {
    super(`application ${name} ${what}`, options);
    this.name = 'ApplicationFailure';
  }
}

/**
 * Hot path. Offers a burst to an application; returns the segments that it took. Throws ApplicationFailure, or
 * ExitFailure where the driver by which it sends is to blame.
 */
export function offer(
  name: string,
  application: Application,
  slot: SlotView,
  queue: number,
  burst: Burst,
): number {
  const { segments } = burst;
  const taken = received(name, application, slot, queue, burst);
  if (taken === segments || taken === 0) return taken;
  // Read as a driver's `consumed`, anything else would put the ring out of step for good.
  if (taken < segments && burst.ends[taken - 1] === 1) return taken;
  throw new ApplicationFailure(name, `took ${taken} of ${segments} segments; it must take whole frames`);
}

function received(
  name: string,
  application: Application,
  slot: SlotView,
  queue: number,
  burst: Burst,
): number {
  try {
    return application.receive(slot, queue, burst);
  } catch (error) {
    if (error instanceof ExitFailure) throw error;
    throw new ApplicationFailure(name, `threw: ${reasonOf(error)}`, { cause: error });
  }
}
