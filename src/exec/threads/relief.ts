/** What is told of a change of CPUs, and of one that cannot be. */
import type { Parameters } from '../../drivers/parameters.ts';
import type { Handover } from './messages.ts';
import type { End } from './seat.ts';

/** A driver has ended too many CPUs on one device: the one before it serves again. */
export interface Return {
  readonly device: string;
  readonly from: string;
  readonly to: string;
}

/** Who drives a device, and with what. */
export interface Driven {
  readonly driver: string;
  readonly parameters: Parameters;
}

/** The devices have come to another CPU. */
export interface Relief extends Handover {
  /** It was asked for, or the one before has ended: why. */
  readonly cause: 'handover' | End['cause'];
  readonly reason: string;
  /** When the CPU before was told to end, if it was. */
  readonly toldUs: number | undefined;
  readonly returned: Return | undefined;
  /** By device; none of a CPU that ended before it could tell. */
  readonly driven: readonly Driven[];
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
