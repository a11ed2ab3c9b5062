import type { NicDriverDefinition } from './contract.ts';
import { batching } from './nic/batching.ts';
import { interrupt } from './nic/interrupt.ts';
import { polling } from './nic/polling.ts';

export { DISK_DRIVERS } from './nvme/index.ts';

/** The built-in drivers of network cards, in the order in which tables show them. */
export const NIC_DRIVERS: readonly NicDriverDefinition[] = [interrupt, polling, batching];
