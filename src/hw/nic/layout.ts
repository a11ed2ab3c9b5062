/** Where a card lies in the memory, and who it is: what both its sides must know. */
import { BELL_BYTES } from '../bell.ts';
import type { Memory, MemoryMap, Region } from '../memory.ts';
import { msixBytes } from '../msix.ts';
import { RegisterFile, registerFileBytes } from '../registers.ts';
import {
  EICR_QUEUES,
  FIFO_BYTES,
  GPIE,
  GPIE_OCD,
  NIC_REGISTERS,
  QUEUE_ENABLE,
  VECTORS,
} from './datasheet.ts';
import { PROBE_BYTES } from './probes.ts';

/** Room in which a frame of several descriptors is put together: 15.5 KB is the longest the card sends. */
export const STAGING_BYTES = 16 * 1024;

/** Where a card lies in the memory, and who it is. Plain data, so threads can be told by message. */
export interface NicLayout {
  readonly name: string;
  /** Its number: IOMMU bit and part of its MAC address. */
  readonly device: number;
  readonly registers: Region;
  readonly msix: Region;
  readonly probes: Region;
  readonly fifo: Region;
  readonly staging: Region;
  /** IOMMU table of the machine, and the bell of the thread that runs this card. */
  readonly iommu: Region;
  readonly bell: Region;
}

/** `fifoBytes`: size of the packet buffer, a multiple of 1 KB; the 82599 has 512 KB. */
export function layoutNic(
  map: MemoryMap,
  name: string,
  device: number,
  iommu: Region,
  bell: Region,
  fifoBytes = FIFO_BYTES,
): NicLayout {
  return {
    name,
    device,
    registers: map.take(registerFileBytes(NIC_REGISTERS)),
    msix: map.take(msixBytes(VECTORS)),
    probes: map.take(PROBE_BYTES),
    fifo: map.take(fifoBytes),
    staging: map.take(STAGING_BYTES),
    iommu,
    bell,
  };
}

export function layoutBell(map: MemoryMap): Region {
  return map.take(BELL_BYTES);
}

/** Locally administered: 02:52:53:00:00:NN. */
export function macAddress(device: number): readonly number[] {
  return [0x02, 0x52, 0x53, 0, 0, device];
}

export function nicRegisters(memory: Memory, layout: NicLayout): RegisterFile {
  const registers = new RegisterFile(memory, layout.registers, NIC_REGISTERS, QUEUE_ENABLE);
  // With GPIE.OCD set, reading EICR clears only the causes that are no queue's (8.2.3.5).
  registers.clearOnRead = () => ((registers.get(GPIE) & GPIE_OCD) === 0 ? -1 : ~EICR_QUEUES);
  return registers;
}
