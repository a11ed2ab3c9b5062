import { batching } from './batching.ts';
import { buffered } from './buffered.ts';
import type { DiskDriverDefinition } from './contract.ts';
import { interrupt } from './interrupt.ts';
import { polling } from './polling.ts';

/** The built-in drivers of a disk, in the order in which tables show them. */
export const DISK_DRIVERS: readonly DiskDriverDefinition[] = [interrupt, polling, batching, buffered];
