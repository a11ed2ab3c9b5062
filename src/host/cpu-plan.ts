/** What a CPU is made from, beside the machine. */
import type { NicDriverDefinition } from '../drivers/contract.ts';
import type { DiskDriverDefinition } from '../drivers/nvme/contract.ts';
import type { SwapFinished } from '../swap/desk.ts';
import type { Patience } from '../swap/probation.ts';
import type { SwapRound, TimedSwap } from '../swap/timetable.ts';
import type { Understudy } from '../swap/understudy.ts';
import type { ApplicationDefinition } from './apps/applications.ts';
import type { Adopts } from './card.ts';

export interface CpuPlan {
  readonly timed: readonly TimedSwap[];
  readonly round: SwapRound | undefined;
  readonly drivers: readonly NicDriverDefinition[];
  readonly diskDrivers?: readonly DiskDriverDefinition[];
  /** Beside the built-in ones. */
  readonly applications?: readonly ApplicationDefinition[];
  readonly patience?: Patience;
  /** Made by the rehearsal, where there was one. */
  readonly understudy?: Understudy | undefined;
  /** Its number among the machine's CPUs; 0 if it is not given. */
  readonly number?: number;
  /**
   * Its devices are taken over by `adopt`, in place of `boot`: from a CPU that is no more, or later from one that still serves
   * while this one is made, and will leave.
   */
  readonly adopts?: Adopts;
  /** Called when a swap has ended, however; the slot has who drives now. */
  readonly swapEnded: SwapFinished;
}
