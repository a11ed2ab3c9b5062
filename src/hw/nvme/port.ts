import type { Clock } from '../clock.ts';
import type { Memory } from '../memory.ts';
import { DevicePort } from '../port.ts';
import { VECTORS } from './datasheet.ts';
import { type NvmeLayout, nvmeRegisters } from './layout.ts';

/** The disk's controller as software sees it. Doorbells read as zero; with MSI-X no mask but the table's is used (3.1.3). */
export class NvmePort extends DevicePort {
  constructor(memory: Memory, layout: NvmeLayout, clock: Clock) {
    super(memory, layout, nvmeRegisters(memory, layout), VECTORS, clock);
  }
}
