import type { Clock } from '../clock.ts';
import type { Memory } from '../memory.ts';
import { DevicePort } from '../port.ts';
import { VECTORS } from './datasheet.ts';
import { macAddress, type NicLayout, nicRegisters } from './layout.ts';

/** The card as software sees it. */
export class NicPort extends DevicePort {
  readonly mac: readonly number[];

  constructor(memory: Memory, layout: NicLayout, clock: Clock) {
    super(memory, layout, nicRegisters(memory, layout), VECTORS, clock);
    this.mac = macAddress(layout.device);
  }
}
