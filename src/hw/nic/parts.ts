import type { Iommu } from '../iommu.ts';
import type { Memory } from '../memory.ts';
import type { RegisterFile } from '../registers.ts';
import type { InterruptUnit } from './interrupts.ts';
import type { Probes } from './probes.ts';

/** What the engines of one card share. */
export interface CardParts {
  readonly memory: Memory;
  readonly registers: RegisterFile;
  readonly iommu: Iommu;
  /** The card's number at the IOMMU. */
  readonly device: number;
  readonly interrupts: InterruptUnit;
  readonly probes: Probes;
}
