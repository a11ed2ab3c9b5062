/** A machine of nothing but cards: a small memory, a clock that stands still, and wires that record. */
import type { Clock } from '../../src/hw/clock.ts';
import { DmaAllocator, dmaTableBytes } from '../../src/hw/dma.ts';
import { Iommu, iommuBytes } from '../../src/hw/iommu.ts';
import { Memory, MemoryMap, PAGE_BYTES, type Region } from '../../src/hw/memory.ts';
import { CPU_IRQS, CPU_PORT_BYTES, CpuPort, InterruptFabric } from '../../src/hw/msix.ts';
import {
  DMATXCTL,
  DMATXCTL_TE,
  FCTRL,
  FCTRL_BAM,
  FCTRL_MPE,
  FCTRL_UPE,
  IVAR_VALID,
  ivar,
  LINKS,
  LINKS_UP,
  RXCTRL,
  RXCTRL_RXEN,
} from '../../src/hw/nic/datasheet.ts';
import { layoutBell, layoutNic, type NicLayout } from '../../src/hw/nic/layout.ts';
import { Nic } from '../../src/hw/nic/nic.ts';
import { NicPort } from '../../src/hw/nic/port.ts';
import type { Wire } from '../../src/hw/nic/wire.ts';

export class FakeClock implements Clock {
  us = 0;

  nowUs(): number {
    return this.us;
  }
}

/** Keeps what leaves a card. */
export class RecordingWire implements Wire {
  readonly sent: Uint8Array[] = [];
  readonly pauses: { readonly quanta: number; readonly timeUs: number }[] = [];
  /** False while the far end cannot take a frame. */
  open = true;
  private readonly memory: Memory;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  ready(): boolean {
    return this.open;
  }

  send(address: number, length: number): void {
    this.sent.push(this.memory.bytes.slice(address, address + length));
  }

  pause(quanta: number, timeUs: number): void {
    this.pauses.push({ quanta, timeUs });
  }

  /** Marks of the frames sent. */
  get marks(): number[] {
    return this.sent.map(markOf);
  }
}

/** Large enough for any layout of these tests; the table takes four bytes a page. */
const MOST_BYTES = 64 * 1024 * 1024;

export class Bench {
  readonly memory: Memory;
  readonly clock = new FakeClock();
  readonly cpu: CpuPort;
  readonly dma: DmaAllocator;
  readonly iommu: Iommu;
  readonly cards: readonly BenchCard[];

  /** `reserve`: lays out what else a test wants to have in the memory. */
  constructor({ cards = 1, dmaBytes = 1 << 20, reserve = (_: MemoryMap) => {} } = {}) {
    const map = new MemoryMap();
    reserve(map);
    const cpu = map.take(CPU_PORT_BYTES);
    const bell = layoutBell(map);
    const iommu = map.take(iommuBytes(MOST_BYTES));
    const table = map.take(dmaTableBytes(dmaBytes));
    const layouts = Array.from({ length: cards }, (_, i) => layoutNic(map, `eth${i}`, i, iommu, bell));
    const pool = map.take(dmaBytes, PAGE_BYTES);
    this.memory = new Memory(new SharedArrayBuffer(map.bytes));
    this.cpu = new CpuPort(this.memory, cpu);
    this.dma = new DmaAllocator(this.memory, table, pool);
    this.iommu = new Iommu(this.memory, iommu);
    const fabric = new InterruptFabric([this.cpu], this.clock);
    this.cards = layouts.map((layout) => new BenchCard(this, layout, fabric));
  }

  /** Interrupt lines raised since the last call, lowest first. */
  interrupts(): number[] {
    const lines: number[] = [];
    this.cpu.takeSummary();
    for (let line = 0; line < CPU_IRQS; line++) if (this.cpu.isPending(line)) lines.push(line);
    for (let group = 0; group < CPU_IRQS / 32; group++) this.cpu.takeGroup(group);
    return lines;
  }
}

export class BenchCard {
  readonly bench: Bench;
  readonly nic: Nic;
  readonly port: NicPort;
  readonly wire: RecordingWire;

  constructor(bench: Bench, layout: NicLayout, fabric: InterruptFabric) {
    this.bench = bench;
    this.nic = new Nic(bench.memory, layout, fabric);
    this.port = new NicPort(bench.memory, layout, bench.clock);
    this.wire = new RecordingWire(bench.memory);
    this.nic.plug(this.wire);
  }

  get nowUs(): number {
    return this.bench.clock.us;
  }

  read(register: number): number {
    return this.port.read32(register);
  }

  write(register: number, value: number): void {
    this.port.write32(register, value);
  }

  /** Sets bits in a register that can be read back. */
  set(register: number, bits: number): void {
    this.write(register, this.read(register) | bits);
  }

  clear(register: number, bits: number): void {
    this.write(register, this.read(register) & ~bits);
  }

  step(budget = 256): number {
    return this.nic.step(this.nowUs, budget);
  }

  /** Time passes; the card steps at the end of it. */
  after(us: number): void {
    this.bench.clock.us += us;
    this.step();
  }

  /** Lets the link train. */
  linkUp(): void {
    this.step();
    if (!this.nic.linkUp) this.after(this.nic.nextTimerUs() - this.nowUs);
    if ((this.read(LINKS) & LINKS_UP) === 0) throw new Error('the link did not come up');
  }

  /** Receiver, transmitter and link on, every address taken. */
  start(): this {
    this.write(FCTRL, FCTRL_BAM | FCTRL_MPE | FCTRL_UPE);
    this.write(RXCTRL, RXCTRL_RXEN);
    this.write(DMATXCTL, DMATXCTL_TE);
    this.linkUp();
    return this;
  }

  /** Frames come from the cable in one burst. Returns where the last was put, or why it was not. */
  arrive(...frames: readonly Uint8Array[]): number {
    const { receive } = this.nic;
    let at = 0;
    this.nic.beginArrivals(this.nowUs);
    for (const frame of frames) {
      at = receive.reserve(frame.length);
      if (at < 0) continue;
      this.bench.memory.bytes.set(frame, at);
      receive.accept(at, frame.length, this.nowUs);
    }
    return at;
  }

  /** DMA memory that the card may touch. */
  allocate(bytes: number): Region {
    const region = this.bench.dma.allocate(bytes, 'test');
    this.port.map(region);
    return region;
  }

  /** Both causes of a queue go to this vector, and the vector to the CPU's line of that number. */
  route(queue: number, vector: number): void {
    const shift = (queue & 1) * 16;
    const entry = (IVAR_VALID | vector) * 0x0101;
    this.write(ivar(queue), (this.read(ivar(queue)) & ~(0xffff << shift)) | (entry << shift));
    this.port.connectVector(vector, 0, vector);
  }
}

/** A unicast frame of no protocol that anyone parses, told from others by its mark and by all its bytes. */
export function testFrame(mark: number, length = 60): Uint8Array {
  const frame = Uint8Array.from({ length }, (_, i) => (mark * 31 + i * 7 + (i >> 8)) & 0xff);
  frame.set([0x02, 0, 0, 0, mark >> 8, mark & 0xff], 0);
  frame.set([0x02, 0, 0, 0, 0, 2, 0x88, 0xb5], 6); // IEEE 802 local experimental EtherType
  return frame;
}

export function markOf(frame: Uint8Array): number {
  return (frame[4] << 8) | frame[5];
}

/** Test frames with the marks `from` to `to`. */
export function testFrames(from: number, to: number, length = 60): Uint8Array[] {
  return Array.from({ length: to - from + 1 }, (_, i) => testFrame(from + i, length));
}
