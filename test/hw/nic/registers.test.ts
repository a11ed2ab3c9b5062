import { beforeEach, describe, expect, test } from 'vitest';
import {
  AUTOC,
  BAR_BYTES,
  CTRL,
  CTRL_RST,
  dcaRxctrl,
  EICR,
  EICS,
  EIMC,
  EIMS,
  MRQC,
  NIC_REGISTERS,
  PSRTYPE,
  QUEUES,
  RDRXCTL,
  RDRXCTL_DMAIDONE,
  REGISTERS,
  RXMEMWRAP,
  RXMEMWRAP_EMPTY,
  rah,
  ral,
  rdt,
  reta,
  rssrk,
  rxdctl,
  rxpbsize,
  srrctl,
  tdt,
  txdctl,
  txpbsize,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard } from '../bench-card.ts';

let card: BenchCard;

beforeEach(() => {
  [card] = new Bench().cards;
});

describe('the register table', () => {
  test('has no two registers at one place, aliases included, and all of them lie in the BAR', () => {
    const taken = new Map<number, string>();
    for (const { name, offset, stride = 4, count = 1, aliases = [] } of REGISTERS)
      for (let i = 0; i < count; i++) {
        const extra = aliases.filter((alias) => i < (alias.count ?? Number.POSITIVE_INFINITY));
        for (const at of [offset + i * stride, ...extra.map((alias) => alias.offset + i * alias.stride)]) {
          expect(taken.get(at), `0x${at.toString(16)} is ${name}[${i}]`).toBeUndefined();
          expect(at % 4).toBe(0);
          expect(at).toBeLessThan(BAR_BYTES);
          taken.set(at, `${name}[${i}]`);
        }
      }
  });

  test('gives every register a name of its own and a section of the datasheet', () => {
    const names = NIC_REGISTERS.list.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { section } of REGISTERS) expect(section).toMatch(/^8\.2\.3\.\d+$/);
  });

  test('targets of set and clear registers are registers', () => {
    const offsets = new Set(REGISTERS.map(({ offset }) => offset));
    for (const { name, target } of REGISTERS)
      if (target !== undefined) expect(offsets, name).toContain(target);
  });
});

describe('out of reset', () => {
  /** Registers whose value comes from the card's own state: the address in its EEPROM, and the link. */
  const LIVE = new Set([ral(0), rah(0)]);

  test('every register reads its reset value', () => {
    for (const { name, offset, reset } of NIC_REGISTERS.list)
      if (!LIVE.has(offset)) expect(card.nic.registers.get(offset), name).toBe(reset);
  });

  test('and so after a reset, whatever was written', () => {
    for (const { offset, access } of NIC_REGISTERS.list)
      if (access !== 'DB' && offset !== CTRL && offset !== AUTOC) card.write(offset, 0xffffffff);
    card.step();
    card.write(CTRL, CTRL_RST);
    card.step();
    for (const { name, offset, reset } of NIC_REGISTERS.list)
      if (!LIVE.has(offset) && offset !== EICR) expect(card.nic.registers.get(offset), name).toBe(reset);
    expect(card.nic.registers.get(CTRL)).toBe(0);
  });

  test('the values that drivers rely on', () => {
    expect(card.read(RDRXCTL) & RDRXCTL_DMAIDONE).not.toBe(0);
    expect(card.read(rxpbsize(0))).toBe(512 * 1024);
    expect(card.read(txpbsize(0))).toBe(160 * 1024);
    expect(card.read(RXMEMWRAP) & RXMEMWRAP_EMPTY).not.toBe(0);
    expect([card.read(EIMS), card.read(EICR)]).toEqual([0, 0]);
    for (let queue = 0; queue < QUEUES; queue++) {
      expect([card.read(rxdctl(queue)), card.read(txdctl(queue))]).toEqual([0, 0]);
      expect([card.read(rdt(queue)), card.read(tdt(queue))]).toEqual([0, 0]);
      expect(card.read(srrctl(queue))).toBe(0x402);
    }
  });

  test('the station address is the card’s own', () => {
    const low = card.read(ral(0));
    const high = card.read(rah(0));
    expect([0, 8, 16, 24].map((shift) => (low >>> shift) & 0xff)).toEqual(card.port.mac.slice(0, 4));
    expect([high & 0xff, (high >>> 8) & 0xff]).toEqual(card.port.mac.slice(4));
    expect(high >>> 31).toBe(1);
  });
});

describe('accesses of a driver', () => {
  /** What these modes answer is in registers.test.ts; here, that the card has them where the datasheet does. */
  test.each(
    NIC_REGISTERS.list
      .filter(({ access }) => access === 'RO')
      .map(({ name, offset }) => [name, offset] as const),
  )('%s ignores writes', (_, offset) => {
    const before = card.read(offset);
    card.write(offset, ~before);
    card.step();
    expect(card.read(offset)).toBe(before);
  });

  test('every statistics register is cleared by reading', () => {
    const counters = NIC_REGISTERS.list.filter(({ access }) => ['RC', 'RCL', 'RCH'].includes(access));
    expect(counters.length).toBeGreaterThan(80);
    for (const { offset } of counters) card.nic.registers.set(offset, offset);
    for (const { name, offset } of counters) {
      expect(card.read(offset), name).toBe(offset);
      expect(card.read(offset), name).toBe(0);
    }
  });

  test('every plain register holds what is written', () => {
    const plain = NIC_REGISTERS.list.filter(({ access }) => ['RW', 'DB', 'LV'].includes(access));
    for (const { offset } of plain) card.write(offset, offset ^ 0x5aa5);
    for (const { name, offset } of plain) expect(card.read(offset), name).toBe((offset ^ 0x5aa5) >>> 0);
  });

  test('EICS, EIMS and EIMC work on their registers', () => {
    card.write(EIMS, 0xf0);
    card.write(EIMC, 0x30);
    card.write(EICS, 0x0f);
    expect(card.read(EIMS)).toBe(0xc0);
    expect(card.read(EIMC)).toBe(0);
    expect(card.read(EICR)).toBe(0x0f);
  });

  test.each([
    ['SRRCTL', 0x0210c, srrctl(3)],
    ['DCA_RXCTRL', 0x0220c, dcaRxctrl(3)],
    ['RAL', 0x05418, ral(3)],
    ['RAH', 0x0541c, rah(3)],
    ['PSRTYPE', 0x0548c, PSRTYPE + 12],
    ['MRQC', 0x05818, MRQC],
    ['RETA', 0x05c7c, reta(31)],
    ['RSSRK', 0x05ca4, rssrk(9)],
    ['CTRL', 0x00004, CTRL],
  ])('%s has a second address', (_, alias, offset) => {
    card.write(alias, 0x10);
    expect(card.read(offset)).toBe(0x10);
  });

  test('reserved offsets read as zero and ignore writes', () => {
    const before = NIC_REGISTERS.list.map(({ offset }) => card.nic.registers.get(offset));
    const reserved = Array.from({ length: BAR_BYTES / 4 }, (_, slot) => slot * 4).filter(
      (offset) => NIC_REGISTERS.kinds[offset >>> 2] === 0,
    );
    for (const offset of reserved) card.write(offset, 0xffffffff);
    expect(reserved.filter((offset) => card.read(offset) !== 0)).toEqual([]);
    expect(reserved.length).toBeGreaterThan(30_000);
    expect(NIC_REGISTERS.list.map(({ offset }) => card.nic.registers.get(offset))).toEqual(before);
  });
});
