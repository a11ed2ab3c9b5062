/** What is told of a change of CPUs, and of one that cannot be. */
import type { Handover, Taken } from './messages.ts';

/** A thread was ended on request; it hung, and was ended; or it failed. */
export type CauseOfEnd = 'killed' | 'hang' | 'failure';

/** A driver has ended too many CPUs on one device: the one before it serves again. */
export interface Return {
  readonly device: string;
  readonly from: string;
  readonly to: string;
}

/** The devices have come to another CPU. Of one that ended before it could tell, nothing is `driven`. */
export interface Relief extends Handover, Taken {
  /** It was asked for, or the one before has ended: why. */
  readonly cause: 'handover' | CauseOfEnd;
  readonly reason: string;
  /** When the CPU before was told to end, if it was. */
  readonly toldUs: number | undefined;
  readonly returned: Return | undefined;
  /** Tickets of orders that the CPU before never got: the next one does. */
  readonly held: readonly number[];
}

/** There is no other CPU that could take the devices. */
export class NoStandby extends Error {
  constructor(reason: string) {
    super(`there is no CPU to hand over to: ${reason}`);
    this.name = 'NoStandby';
  }
}

/** Nobody can serve the devices any more. The message is complete. */
export class OutOfService extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OutOfService';
  }
}
