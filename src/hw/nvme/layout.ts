/** Where a disk's controller lies in the memory, and who it is: what both its sides must know. */
import type { Memory, MemoryMap, Region } from '../memory.ts';
import { msixBytes } from '../msix.ts';
import { RegisterFile, registerFileBytes } from '../registers.ts';
import { NVME_REGISTERS, VECTORS } from './datasheet.ts';
import { NVME_PROBE_BYTES } from './probes.ts';

/** Plain data, so threads can be told by message. */
export interface NvmeLayout {
  readonly name: string;
  /** Its number at the IOMMU, and in its serial number. */
  readonly device: number;
  readonly registers: Region;
  readonly msix: Region;
  readonly probes: Region;
  /** IOMMU table of the machine, and the bell of the thread that runs this disk. */
  readonly iommu: Region;
  readonly bell: Region;
}

export function layoutNvme(
  map: MemoryMap,
  name: string,
  device: number,
  iommu: Region,
  bell: Region,
): NvmeLayout {
  return {
    name,
    device,
    registers: map.take(registerFileBytes(NVME_REGISTERS)),
    msix: map.take(msixBytes(VECTORS)),
    probes: map.take(NVME_PROBE_BYTES),
    iommu,
    bell,
  };
}

export function nvmeRegisters(memory: Memory, layout: NvmeLayout): RegisterFile {
  return new RegisterFile(memory, layout.registers, NVME_REGISTERS, 0);
}
