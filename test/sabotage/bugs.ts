/** The planted bugs: what the checkers have to find. Each breaks an invariant, none is a matter of speed. */
import { DEVICE_BUGS } from './bugs/device.ts';
import { DRIVER_BUGS } from './bugs/drivers.ts';
import { HOST_BUGS } from './bugs/host.ts';
import { SWAP_BUGS } from './bugs/swap.ts';
import type { Sabotage } from './sabotage.ts';

export type { Edit, Part, Sabotage } from './sabotage.ts';

export const BUGS: readonly Sabotage[] = [...DEVICE_BUGS, ...DRIVER_BUGS, ...HOST_BUGS, ...SWAP_BUGS];
