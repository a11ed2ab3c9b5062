import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Memory, MemoryMap } from '../../src/hw/memory.ts';
import {
  CPU_IRQS,
  CPU_PORT_BYTES,
  CpuPort,
  InterruptFabric,
  MSIX_ENTRY_BYTES,
  MsixTable,
  msiAddress,
  msixBytes,
} from '../../src/hw/msix.ts';

const VECTORS = 40;

let cpus: CpuPort[];
let fabric: InterruptFabric;
let table: MsixTable;
let memory: Memory;

beforeEach(() => {
  const map = new MemoryMap();
  const regions = [map.take(CPU_PORT_BYTES), map.take(CPU_PORT_BYTES)];
  const region = map.take(msixBytes(VECTORS));
  memory = new Memory(new SharedArrayBuffer(map.bytes));
  cpus = regions.map((port) => new CpuPort(memory, port));
  fabric = new InterruptFabric(cpus, { nowUs: () => 77 });
  table = new MsixTable(memory, region, VECTORS);
  table.reset();
});

function aim(vector: number, cpu: number, irq: number): void {
  table.write32(vector * MSIX_ENTRY_BYTES, msiAddress(cpu));
  table.write32(vector * MSIX_ENTRY_BYTES + 8, irq);
}

function mask(vector: number, masked: boolean): void {
  table.write32(vector * MSIX_ENTRY_BYTES + 12, masked ? 1 : 0);
}

/** The lines pending at a CPU, taken as an interrupt handler takes them. */
function take(cpu: number): number[] {
  const lines: number[] = [];
  const summary = cpus[cpu].takeSummary();
  for (let group = 0; group < CPU_IRQS / 32; group++) {
    if ((summary & (1 << group)) === 0) continue;
    const bits = cpus[cpu].takeGroup(group);
    for (let bit = 0; bit < 32; bit++) if ((bits & (1 << bit)) !== 0) lines.push(group * 32 + bit);
  }
  return lines;
}

describe('a CPU’s interrupt lines', () => {
  test('the summary leads to every line raised, and taking leaves nothing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(CPU_IRQS - 1)), (lines) => {
        for (const line of lines) cpus[0].raise(line, 0);
        expect(cpus[0].anyPending()).toBe(lines.length > 0);
        expect(take(0)).toEqual([...lines].sort((a, b) => a - b));
        expect(cpus[0].anyPending()).toBe(false);
        expect(lines.some((line) => cpus[0].isPending(line))).toBe(false);
      }),
    );
  });

  test('a line raised twice before it is taken is one interrupt', () => {
    cpus[0].raise(9, 0);
    cpus[0].raise(9, 0);
    expect(take(0)).toEqual([9]);
    expect(take(0)).toEqual([]);
  });

  test('CPUs have lines of their own', () => {
    cpus[1].raise(3, 0);
    expect(cpus[0].anyPending()).toBe(false);
    expect(take(1)).toEqual([3]);
  });

  test('a raised line wakes a CPU that sleeps, at the time of raising', () => {
    const woken = cpus[0].bell.park(() => {
      cpus[0].raise(200, 123);
      return false;
    }, 60_000);
    expect(woken).toBe(true);
    expect(cpus[0].bell.lastWokenUs()).toBe(123);
    expect(take(0)).toEqual([200]);
  });
});

describe('messages', () => {
  test('carry line and destination', () => {
    expect(fabric.send(msiAddress(1), 17)).toBe(true);
    expect(take(0)).toEqual([]);
    expect(take(1)).toEqual([17]);
  });

  test.each([
    ['a CPU that is not there', msiAddress(2)],
    ['an address that is no message address', 0x1000],
    ['an empty table entry', 0],
  ])('to %s go nowhere', (_, address) => {
    expect(fabric.send(address, 17)).toBe(false);
    expect(cpus.some((cpu) => cpu.anyPending())).toBe(false);
  });
});

describe('the MSI-X table', () => {
  test('comes out of reset all masked, with nothing pending', () => {
    table.signal(5, fabric);
    aim(5, 0, 1);
    table.reset();
    for (let vector = 0; vector < VECTORS; vector++) {
      expect(table.isMasked(vector)).toBe(true);
      expect(table.isPending(vector)).toBe(false);
      expect(table.read32(vector * MSIX_ENTRY_BYTES)).toBe(0);
    }
  });

  test('an unmasked vector is sent at once and never pending', () => {
    aim(33, 0, 50);
    mask(33, false);
    expect(table.signal(33, fabric)).toBe(true);
    expect(table.isPending(33)).toBe(false);
    expect(take(0)).toEqual([50]);
  });

  test('a masked vector is held, however often it is signalled, and sent once when unmasked', () => {
    aim(33, 1, 50);
    expect(table.signal(33, fabric)).toBe(false);
    expect(table.signal(33, fabric)).toBe(false);
    table.flushPending(fabric);
    expect(take(1)).toEqual([]);
    expect(table.isPending(33)).toBe(true);
    expect(table.hasUnmaskedPending()).toBe(false);

    mask(33, false);
    expect(table.hasUnmaskedPending()).toBe(true);
    table.flushPending(fabric);
    expect(take(1)).toEqual([50]);
    expect(table.isPending(33)).toBe(false);
    table.flushPending(fabric);
    expect(take(1)).toEqual([]);
  });

  test('what is aimed anew while pending goes to its new place', () => {
    aim(2, 0, 10);
    table.signal(2, fabric);
    aim(2, 1, 11);
    mask(2, false);
    table.flushPending(fabric);
    expect([take(0), take(1)]).toEqual([[], [11]]);
  });

  test('unmasking one pending vector leaves the others pending', () => {
    for (let vector = 0; vector < VECTORS; vector++) {
      aim(vector, 0, 100 + vector);
      table.signal(vector, fabric);
    }
    for (const vector of [0, 31, 32, 39]) mask(vector, false);
    table.flushPending(fabric);
    expect(take(0)).toEqual([100, 131, 132, 139]);
    const pending = Array.from({ length: VECTORS }, (_, vector) => table.isPending(vector));
    expect(pending.filter((held) => held)).toHaveLength(VECTORS - 4);
  });
});
