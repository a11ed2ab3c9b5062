import type { NicDriverDefinition } from './contract.ts';
import { batching } from './nic/batching.ts';
import { interrupt } from './nic/interrupt.ts';
import { polling } from './nic/polling.ts';

/** The built-in drivers, in the order in which tables show them. */
export const NIC_DRIVERS: readonly NicDriverDefinition[] = [interrupt, polling, batching];
