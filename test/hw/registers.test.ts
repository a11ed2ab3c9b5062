import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Memory } from '../../src/hw/memory.ts';
import { RegisterFile, type RegisterRow, RegisterTable, registerFileBytes } from '../../src/hw/registers.ts';

const ENABLE = 1 << 25;
const section = '0';
const ROWS: readonly RegisterRow[] = [
  { name: 'PLAIN', offset: 0x00, access: 'RW', reset: 0xdeadbeef, section },
  { name: 'FIXED', offset: 0x04, access: 'RO', reset: 7, section },
  { name: 'COUNT', offset: 0x08, access: 'RC', section },
  { name: 'LOW', offset: 0x10, access: 'RCL', section },
  { name: 'HIGH', offset: 0x14, access: 'RCH', section },
  { name: 'CAUSE', offset: 0x18, access: 'W1C', section },
  { name: 'CAUSE_SET', offset: 0x1c, access: 'SET', target: 0x18, section },
  { name: 'MASK', offset: 0x20, access: 'SET', section },
  { name: 'MASK_CLEAR', offset: 0x24, access: 'CLR', target: 0x20, section },
  { name: 'COMMAND', offset: 0x28, access: 'SC', section },
  { name: 'QUEUE', offset: 0x40, access: 'EN', count: 3, stride: 8, section },
  { name: 'OTHER_QUEUE', offset: 0x60, access: 'EN', count: 2, section },
  { name: 'TAIL', offset: 0x80, access: 'DB', count: 2, stride: 0x10, section },
  { name: 'SECRET', offset: 0xa0, access: 'WO', section },
  { name: 'INTERVAL', offset: 0xa4, access: 'LV', reset: 9, section },
  {
    name: 'ALIASED',
    offset: 0xb0,
    access: 'RW',
    count: 4,
    aliases: [{ offset: 0xe0, stride: 8, count: 2 }],
    section,
  },
];
const TABLE = new RegisterTable(ROWS, 0x100);
const RESERVED = [0x2c, 0x44, 0x7c, 0xc0, 0xe4, 0xf0, 0x100, 0x7fffff00];
const anyWord = fc.integer({ min: 0, max: 0xffffffff });

function makeFile(): RegisterFile {
  const memory = new Memory(new SharedArrayBuffer(0x1000));
  const file = new RegisterFile(memory, { address: 0x200, bytes: registerFileBytes(TABLE) }, TABLE, ENABLE);
  file.reset(-1);
  return file;
}

describe('access modes', () => {
  test('RW gives back any word as an unsigned number', () => {
    const file = makeFile();
    fc.assert(
      fc.property(anyWord, (value) => {
        file.write32(0x00, value);
        expect(file.read32(0x00)).toBe(value);
      }),
    );
  });

  test('RO ignores writes', () => {
    const file = makeFile();
    file.write32(0x04, 0xffffffff);
    expect(file.read32(0x04)).toBe(7);
  });

  test('RC is cleared by reading, and only by reading', () => {
    const file = makeFile();
    file.bump(0x08, 5);
    file.write32(0x08, 99);
    expect(file.get(0x08)).toBe(5);
    expect(file.read32(0x08)).toBe(5);
    expect(file.read32(0x08)).toBe(0);
  });

  test('RCL and RCH hold the sum of all amounts, whatever carries', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0x7fffffff), { maxLength: 40 }), (amounts) => {
        const file = makeFile();
        for (const amount of amounts) file.bump(0x10, amount, 0x14);
        const sum = amounts.reduce((total, amount) => total + amount, 0);
        expect(file.read32(0x10) + file.read32(0x14) * 2 ** 32).toBe(sum);
        expect([file.read32(0x10), file.read32(0x14)]).toEqual([0, 0]);
      }),
    );
  });

  test('a low half that lands on zero has carried', () => {
    const file = makeFile();
    file.bump(0x10, 0xffffffff, 0x14);
    expect(file.get(0x14)).toBe(0);
    file.bump(0x10, 1, 0x14);
    expect([file.get(0x10), file.get(0x14)]).toEqual([0, 1]);
  });

  test('reading the low half leaves the high one', () => {
    const file = makeFile();
    file.bump(0x10, 0xffffffff, 0x14);
    file.bump(0x10, 3, 0x14);
    expect(file.read32(0x10)).toBe(2);
    expect(file.read32(0x14)).toBe(1);
  });

  test('W1C clears the bits written as one and keeps the others', () => {
    const file = makeFile();
    fc.assert(
      fc.property(anyWord, anyWord, (held, written) => {
        file.set(0x18, held);
        file.write32(0x18, written);
        expect(file.get(0x18)).toBe((held & ~written) >>> 0);
      }),
    );
  });

  test('W1C is cleared on read where the device says so, after the value is taken', () => {
    const file = makeFile();
    fc.assert(
      fc.property(anyWord, anyWord, (held, clear) => {
        file.clearOnRead = () => clear | 0;
        file.set(0x18, held);
        expect(file.read32(0x18)).toBe(held);
        expect(file.get(0x18)).toBe((held & ~clear) >>> 0);
      }),
    );
  });

  test('SET and CLR change bits of their target and nothing else', () => {
    const file = makeFile();
    fc.assert(
      fc.property(anyWord, anyWord, anyWord, (before, set, clear) => {
        file.set(0x20, before);
        file.write32(0x20, set);
        expect(file.read32(0x20)).toBe((before | set) >>> 0);
        file.write32(0x24, clear);
        expect(file.read32(0x20)).toBe(((before | set) & ~clear) >>> 0);
        file.set(0x18, before);
        file.write32(0x1c, set);
        expect(file.get(0x18)).toBe((before | set) >>> 0);
      }),
    );
    expect(file.read32(0x24)).toBe(0);
  });

  test('SC keeps what is written until the device clears it', () => {
    const file = makeFile();
    file.write32(0x28, 0x84000008);
    expect(file.read32(0x28)).toBe(0x84000008);
    file.clearBits(0x28, 0x04000000);
    expect(file.read32(0x28)).toBe(0x80000008);
  });

  test('EN shows the enable bit as acknowledged, and the rest as written', () => {
    const file = makeFile();
    file.write32(0x48, ENABLE | 0x1234);
    expect(file.read32(0x48)).toBe(0x1234);
    file.setEnabled(1, true);
    expect(file.read32(0x48)).toBe(ENABLE | 0x1234);
    file.write32(0x48, 0x1234);
    expect(file.read32(0x48)).toBe(ENABLE | 0x1234);
    file.setEnabled(1, false);
    expect(file.read32(0x48)).toBe(0x1234);
  });

  test('EN registers of two rows have acknowledge bits of their own', () => {
    const file = makeFile();
    file.setEnabled(16, true);
    expect([0x40, 0x48, 0x50].map((offset) => file.read32(offset))).toEqual([0, 0, 0]);
    expect([0x60, 0x64].map((offset) => file.read32(offset))).toEqual([ENABLE, 0]);
  });

  test('WO takes writes and reads as zero', () => {
    const file = makeFile();
    file.write32(0xa0, 5);
    expect(file.read32(0xa0)).toBe(0);
  });

  test.each(RESERVED)('reserved offset 0x%x reads as zero and ignores writes', (offset) => {
    const file = makeFile();
    const before = TABLE.list.map((register) => file.get(register.offset));
    file.write32(offset, 0xffffffff);
    expect(file.read32(offset)).toBe(0);
    expect(TABLE.list.map((register) => file.get(register.offset))).toEqual(before);
  });

  test('an alias is the same register, and ends where it is said to end', () => {
    const file = makeFile();
    file.write32(0xe8, 11);
    expect(file.read32(0xb4)).toBe(11);
    file.write32(0xb0, 12);
    expect(file.read32(0xe0)).toBe(12);
    file.write32(0xf0, 13); // would be the third
    expect(file.read32(0xb8)).toBe(0);
  });
});

describe('configuration', () => {
  test('writes that configure are noticed; doorbells, causes and masks are not configuration', () => {
    const file = makeFile();
    const bumps = (offset: number): boolean => {
      const before = file.generation();
      file.write32(offset, 1);
      return file.generation() !== before;
    };
    expect([0x00, 0x28, 0x40, 0xb0, 0xe0].map(bumps)).toEqual([true, true, true, true, true]);
    expect([0x04, 0x08, 0x18, 0x1c, 0x20, 0x24, 0x80, 0x2c].map(bumps)).not.toContain(true);
  });

  test('reset gives every register its reset value but the excepted one, and no queue is enabled', () => {
    const file = makeFile();
    for (const { offset } of TABLE.list) file.set(offset, 0x5a5a5a5a);
    file.setEnabled(0, true);
    file.reset(0x28);
    for (const { offset, reset, name } of TABLE.list)
      if (offset !== 0x28) expect(file.get(offset), name).toBe(reset);
    expect(file.get(0x28)).toBe(0x5a5a5a5a);
    expect(file.isEnabled(0)).toBe(false);
  });

  test('a reset is no configuration write of the driver', () => {
    const file = makeFile();
    const before = file.generation();
    file.reset(-1);
    expect(file.generation()).toBe(before);
  });
});

describe('the table', () => {
  const row = (offset: number, more: Partial<RegisterRow> = {}): RegisterRow => ({
    name: `R${offset}`,
    offset,
    access: 'RW',
    section,
    ...more,
  });

  test('names the members of arrays by index', () => {
    expect(TABLE.list.filter(({ name }) => name.startsWith('QUEUE'))).toEqual([
      { name: 'QUEUE[0]', offset: 0x40, access: 'EN', reset: 0 },
      { name: 'QUEUE[1]', offset: 0x48, access: 'EN', reset: 0 },
      { name: 'QUEUE[2]', offset: 0x50, access: 'EN', reset: 0 },
    ]);
  });

  test.each([
    ['a register', [row(0x10), row(0x10)]],
    ['a member of an array', [row(0x10, { count: 4 }), row(0x1c)]],
    ['an alias', [row(0x10, { aliases: [{ offset: 0x40, stride: 4 }] }), row(0x40)]],
  ])('refuses to put two registers where %s is', (_, rows) => {
    expect(() => new RegisterTable(rows, 0x100)).toThrow(/offset 0x[0-9a-f]+ is taken/);
  });
});
