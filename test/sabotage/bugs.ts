/** The planted bugs: what the checkers have to find. Each breaks an invariant, none is a matter of speed. */
import { BLOCK_BUGS } from './bugs/blocks.ts';
import { FRESH_BLOCK_BUGS } from './bugs/blocks-fresh.ts';
import { CONVERSION_BUGS } from './bugs/conversion.ts';
import { CRASH_BUGS } from './bugs/crash.ts';
import { DEVICE_BUGS } from './bugs/device.ts';
import { DISK_CRASH_BUGS } from './bugs/disk-crash.ts';
import { DRIVER_BUGS } from './bugs/drivers.ts';
import { FOURTH_BUGS } from './bugs/fourth.ts';
import { HANDOVER_BUGS } from './bugs/handover.ts';
import { HOST_BUGS } from './bugs/host.ts';
import { PASSING_BUGS } from './bugs/passing.ts';
import { RECOVERY_BUGS } from './bugs/recovery.ts';
import { SECOND_BUGS } from './bugs/second.ts';
import { SWAP_BUGS } from './bugs/swap.ts';
import { THIRD_BUGS } from './bugs/third.ts';
import { UNFINISHED_BUGS } from './bugs/unfinished.ts';
import type { Sabotage } from './sabotage.ts';

export type { Edit, Part, Sabotage } from './sabotage.ts';

export const BUGS: readonly Sabotage[] = [
  ...DEVICE_BUGS,
  ...DRIVER_BUGS,
  ...HOST_BUGS,
  ...SWAP_BUGS,
  ...SECOND_BUGS,
  ...THIRD_BUGS,
  ...FOURTH_BUGS,
  ...BLOCK_BUGS,
  ...FRESH_BLOCK_BUGS,
  ...CRASH_BUGS,
  ...DISK_CRASH_BUGS,
  ...HANDOVER_BUGS,
  ...CONVERSION_BUGS,
  ...RECOVERY_BUGS,
  ...PASSING_BUGS,
  ...UNFINISHED_BUGS,
];
