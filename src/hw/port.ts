import { Bell } from './bell.ts';
import type { Clock } from './clock.ts';
import { Iommu } from './iommu.ts';
import type { Memory, Region } from './memory.ts';
import { MSIX_ENTRY_BYTES, MsixTable, msiAddress } from './msix.ts';
import type { RegisterFile } from './registers.ts';

/** Where a device lies in the memory, as far as all devices are alike. */
export interface DeviceLayout {
  readonly name: string;
  readonly device: number;
  readonly msix: Region;
  readonly iommu: Region;
  readonly bell: Region;
}

/** A device as software sees it: registers, MSI-X table, and the windows of memory that it may touch. */
export class DevicePort {
  readonly name: string;
  readonly device: number;
  readonly memory: Memory;
  private readonly registers: RegisterFile;
  private readonly msix: MsixTable;
  private readonly bell: Bell;
  private readonly iommu: Iommu;
  private readonly clock: Clock;

  constructor(memory: Memory, layout: DeviceLayout, registers: RegisterFile, vectors: number, clock: Clock) {
    this.name = layout.name;
    this.device = layout.device;
    this.memory = memory;
    this.registers = registers;
    this.msix = new MsixTable(memory, layout.msix, vectors);
    this.bell = new Bell(memory, layout.bell);
    this.iommu = new Iommu(memory, layout.iommu);
    this.clock = clock;
  }

  /** Unsigned value of a register; side effects as its access mode has them. */
  read32(offset: number): number {
    return this.registers.read32(offset);
  }

  /** A posted write: the engine is woken if it sleeps. */
  write32(offset: number, value: number): void {
    this.registers.write32(offset, value);
    this.wake();
  }

  map(window: Region): void {
    this.iommu.map(this.device, window);
  }

  unmap(window: Region): void {
    this.iommu.unmap(this.device, window);
  }

  /** Aims a vector at a CPU's interrupt line and unmasks it in the MSI-X table. */
  connectVector(vector: number, cpu: number, irq: number): void {
    const entry = vector * MSIX_ENTRY_BYTES;
    this.msix.write32(entry, msiAddress(cpu));
    this.msix.write32(entry + 8, irq);
    this.unmaskVector(vector);
  }

  /** What is signalled meanwhile stays pending, and is sent when the vector is unmasked. */
  maskVector(vector: number): void {
    this.msix.write32(vector * MSIX_ENTRY_BYTES + 12, 1);
  }

  unmaskVector(vector: number): void {
    this.msix.write32(vector * MSIX_ENTRY_BYTES + 12, 0);
    this.wake(); // a pending message is the engine's to send
  }

  private wake(): void {
    if (this.bell.asleep()) this.bell.ring(this.clock.nowUs());
  }
}
