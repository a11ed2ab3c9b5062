import { BELL_BYTES, Bell } from './bell.ts';
import type { Clock } from './clock.ts';
import type { Memory, Region } from './memory.ts';
import { and, exchange, load, or, store } from './shared.ts';

/** Interrupt lines of one CPU: eight words of pending bits, and one that says which of them are not zero. */
export const CPU_IRQS = 256;
const PENDING_WORDS = CPU_IRQS / 32;
export const CPU_PORT_BYTES = BELL_BYTES + (1 + PENDING_WORDS) * 4;

/** MSI message address of the x86 kind: 0xFEE in bits 31:20, destination CPU in 19:12. */
const MSI_BASE = 0xfee00000;

export function msiAddress(cpu: number): number {
  return (MSI_BASE | (cpu << 12)) >>> 0;
}

/** Where a CPU's interrupts arrive: its bell and its pending bits. */
export class CpuPort {
  readonly bell: Bell;
  private readonly memory: Memory;
  private readonly summary: number;
  private readonly pending: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.bell = new Bell(memory, region);
    this.summary = (region.address + BELL_BYTES) >>> 2;
    this.pending = this.summary + 1;
  }

  /** The line's bit first, then the summary: a CPU that sees the summary finds the bit. */
  raise(irq: number, nowUs: number): void {
    or(this.memory.words, this.pending + (irq >>> 5), 1 << (irq & 31));
    or(this.memory.words, this.summary, 1 << (irq >>> 5));
    this.bell.ring(nowUs);
  }

  anyPending(): boolean {
    return load(this.memory.words, this.summary) !== 0;
  }

  isPending(irq: number): boolean {
    return (load(this.memory.words, this.pending + (irq >>> 5)) & (1 << (irq & 31))) !== 0;
  }

  /** Which groups of 32 lines have something pending; clears the summary. */
  takeSummary(): number {
    return exchange(this.memory.words, this.summary, 0);
  }

  /** Takes the pending bits of one group, clearing them. */
  takeGroup(group: number): number {
    return exchange(this.memory.words, this.pending + group, 0);
  }
}

/** Carries messages to CPUs, as a root complex does. */
export class InterruptFabric {
  private readonly cpus: readonly CpuPort[];
  private readonly clock: Clock;

  constructor(cpus: readonly CpuPort[], clock: Clock) {
    this.cpus = cpus;
    this.clock = clock;
  }

  /** False when the message goes nowhere: no such CPU. */
  send(address: number, data: number): boolean {
    const cpu = (address >>> 12) & 0xff;
    if ((address & 0xfff00000) >>> 0 !== MSI_BASE || cpu >= this.cpus.length) return false;
    this.cpus[cpu].raise(data & (CPU_IRQS - 1), this.clock.nowUs());
    return true;
  }
}

export const MSIX_ENTRY_BYTES = 16;
const ENTRY_WORDS = MSIX_ENTRY_BYTES / 4;
const ENTRY_MASKED = 1;

export function msixBytes(vectors: number): number {
  return vectors * MSIX_ENTRY_BYTES + Math.ceil(vectors / 32) * 4;
}

/**
 * MSI-X table and pending bit array (PCI Express Base Specification 6.1.4, PCI 3.0 6.8.2). Entry: message
 * address low, high, data, vector control (bit 0 masks). A vector signalled while masked stays pending
 * and is sent when it is unmasked.
 */
export class MsixTable {
  readonly vectors: number;
  private readonly memory: Memory;
  private readonly table: number;
  private readonly pba: number;

  constructor(memory: Memory, region: Region, vectors: number) {
    this.memory = memory;
    this.table = region.address >>> 2;
    this.pba = this.table + vectors * ENTRY_WORDS;
    this.vectors = vectors;
  }

  /** Reset state: every vector masked (6.8.2.9). */
  reset(): void {
    const { words } = this.memory;
    for (let word = this.table; word < this.pba + Math.ceil(this.vectors / 32); word++) store(words, word, 0);
    for (let vector = 0; vector < this.vectors; vector++) store(words, this.control(vector), ENTRY_MASKED);
  }

  /** Driver side: the table as BAR memory, in bytes. */
  read32(offset: number): number {
    return load(this.memory.words, this.table + (offset >>> 2)) >>> 0;
  }

  write32(offset: number, value: number): void {
    store(this.memory.words, this.table + (offset >>> 2), value);
  }

  /** Device side: sends the message, or leaves the vector pending if it is masked. True when sent. */
  signal(vector: number, fabric: InterruptFabric): boolean {
    const { words } = this.memory;
    if ((load(words, this.control(vector)) & ENTRY_MASKED) !== 0) {
      or(words, this.pba + (vector >>> 5), 1 << (vector & 31));
      return false;
    }
    const entry = this.table + vector * ENTRY_WORDS;
    fabric.send(load(words, entry), load(words, entry + 2));
    return true;
  }

  /** Device side: sends what became unmasked with its pending bit set. */
  flushPending(fabric: InterruptFabric): void {
    const { words } = this.memory;
    for (let group = 0; group * 32 < this.vectors; group++) {
      let bits = load(words, this.pba + group);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const vector = group * 32 + bit;
        if ((load(words, this.control(vector)) & ENTRY_MASKED) !== 0) continue;
        and(words, this.pba + group, ~(1 << bit));
        this.signal(vector, fabric);
      }
    }
  }

  /** Device side: is a vector pending that is not masked any more? */
  hasUnmaskedPending(): boolean {
    for (let group = 0; group * 32 < this.vectors; group++)
      for (let bits = load(this.memory.words, this.pba + group); bits !== 0; bits &= bits - 1)
        if (!this.isMasked(group * 32 + 31 - Math.clz32(bits & -bits))) return true;
    return false;
  }

  isPending(vector: number): boolean {
    return (load(this.memory.words, this.pba + (vector >>> 5)) & (1 << (vector & 31))) !== 0;
  }

  isMasked(vector: number): boolean {
    return (load(this.memory.words, this.control(vector)) & ENTRY_MASKED) !== 0;
  }

  private control(vector: number): number {
    return this.table + vector * ENTRY_WORDS + 3;
  }
}
