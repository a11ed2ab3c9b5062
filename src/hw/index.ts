/** The hardware alone, for drivers and tests that bring their own software: `import { Nic } from 'ringswap/hw'`. */
export { type Clock, MonotonicClock } from './clock.ts';
export { DmaAllocator, dmaTableBytes } from './dma.ts';
export { Iommu, iommuBytes } from './iommu.ts';
export { connect } from './link/cable.ts';
export { CaptureError, parseCapture, readCapture } from './link/capture.ts';
export { PcapngWriter } from './link/pcapng-writer.ts';
export { Memory, MemoryMap, type Region } from './memory.ts';
export { CPU_PORT_BYTES, CpuPort, InterruptFabric } from './msix.ts';
export * as datasheet from './nic/datasheet.ts';
export { layoutBell, layoutNic, type NicLayout } from './nic/layout.ts';
export { Nic } from './nic/nic.ts';
export { NicPort } from './nic/port.ts';
export type { Wire } from './nic/wire.ts';
