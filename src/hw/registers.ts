import type { Memory, Region } from './memory.ts';
import { add, and, compareExchange, exchange, load, or, store } from './shared.ts';

/**
 * How a register answers. `RW` and `RO` as usual; `RC` clears when read; `RCL`/`RCH` are the halves of a
 * 36-bit counter, low first; `W1C` clears where ones are written, and on read as `clearOnRead` says;
 * `SET`/`CLR` change the bits of another register where ones are written; `SC` holds bits that the device
 * clears when it is done; `EN` reads its enable bit as the device has acknowledged it; `DB` is a doorbell;
 * `LV` is read and written as `RW` is, but the device looks at it whenever it needs it and keeps no copy;
 * `WO` reads as zero; `WDB` is a doorbell that cannot be read back.
 */
export type Access =
  | 'RW'
  | 'RO'
  | 'RC'
  | 'RCL'
  | 'RCH'
  | 'W1C'
  | 'SET'
  | 'CLR'
  | 'SC'
  | 'EN'
  | 'DB'
  | 'LV'
  | 'WO'
  | 'WDB';

/** One row of a device's register table. */
export interface RegisterRow {
  readonly name: string;
  readonly offset: number;
  readonly access: Access;
  readonly reset?: number;
  /** Registers of an array, and the distance between two of them in bytes. */
  readonly count?: number;
  readonly stride?: number;
  /** Other addresses of the same register. */
  readonly aliases?: readonly { readonly offset: number; readonly stride: number; readonly count?: number }[];
  /** For `SET` and `CLR`: offset of the register whose bits change. `SET` reads that register too. */
  readonly target?: number;
  /** Section of the datasheet. */
  readonly section: string;
}

export interface NamedRegister {
  readonly name: string;
  readonly offset: number;
  readonly access: Access;
  readonly reset: number;
}

const CODES: readonly Access[] = [
  'RW',
  'RO',
  'RC',
  'RCL',
  'RCH',
  'W1C',
  'SET',
  'CLR',
  'SC',
  'EN',
  'DB',
  'LV',
  'WO',
  'WDB',
];
const RESERVED = 0;
const RW = 1;
const RO = 2;
const RC = 3;
const RCL = 4;
const RCH = 5;
const W1C = 6;
const SET = 7;
const CLR = 8;
const SC = 9;
const EN = 10;
const DB = 11;
const LV = 12;
const WDB = 14;

/** A register table, indexed by word offset. Built once per kind of device. */
export class RegisterTable {
  readonly bytes: number;
  readonly list: readonly NamedRegister[];
  readonly kinds: Uint8Array;
  readonly targets: Int32Array;
  /** For `EN`: which bit of the acknowledge word is this register's; rows are told apart by `group`. */
  readonly units: Uint8Array;

  constructor(rows: readonly RegisterRow[], bytes: number) {
    this.bytes = bytes;
    this.kinds = new Uint8Array(bytes >>> 2);
    this.targets = new Int32Array(bytes >>> 2);
    this.units = new Uint8Array(bytes >>> 2);
    const list: NamedRegister[] = [];
    let enableGroup = 0;
    for (const row of rows) {
      const group = row.access === 'EN' ? enableGroup++ : 0;
      for (let i = 0; i < (row.count ?? 1); i++) {
        const offset = row.offset + i * (row.stride ?? 4);
        const name = row.count === undefined ? row.name : `${row.name}[${i}]`;
        list.push({ name, offset, access: row.access, reset: row.reset ?? 0 });
        this.place(offset, row, offset, group * 16 + i);
        for (const alias of row.aliases ?? [])
          if (i < (alias.count ?? Number.POSITIVE_INFINITY))
            this.place(alias.offset + i * alias.stride, row, offset, group * 16 + i);
      }
    }
    this.list = list;
  }

  private place(at: number, row: RegisterRow, offset: number, unit: number): void {
    const slot = at >>> 2;
    if (this.kinds[slot] !== RESERVED) throw new Error(`${row.name}: offset 0x${at.toString(16)} is taken`);
    this.kinds[slot] = CODES.indexOf(row.access) + 1;
    this.targets[slot] = (row.target ?? offset) >>> 2;
    this.units[slot] = unit;
  }
}

/** Words of a register file beyond the registers themselves: what the device acknowledges, and what changed. */
const PRIVATE_WORDS = 32;
export const GENERATION_WORD = 0;
export const ENABLED_WORD = 1;

export function registerFileBytes(table: RegisterTable): number {
  return table.bytes + PRIVATE_WORDS * 4;
}

/**
 * The registers of one device, as both sides see them. The driver's side (`read32`, `write32`) runs on
 * the driver's thread and does what the access mode says with one atomic operation; the device's side
 * (`get`, `set`, ...) has no side effects. A write of access `RW`, `SC` or `EN` bumps `GENERATION`, so that an
 * engine may work on its own copy until that word changes; what is written often is a doorbell or live.
 */
export class RegisterFile {
  readonly table: RegisterTable;
  private readonly memory: Memory;
  private readonly base: number;
  private readonly extra: number;
  private readonly enableBit: number;
  /** Bits of a `W1C` register that reading clears; depends on other registers, so the device tells. */
  clearOnRead: () => number = () => -1;

  constructor(memory: Memory, region: Region, table: RegisterTable, enableBit: number) {
    this.memory = memory;
    this.table = table;
    this.base = region.address >>> 2;
    this.extra = this.base + (table.bytes >>> 2);
    this.enableBit = enableBit;
  }

  /** Unsigned value; reserved offsets read as zero. */
  read32(offset: number): number {
    const slot = offset >>> 2;
    const { words } = this.memory;
    const at = this.base + this.table.targets[slot];
    switch (this.table.kinds[slot]) {
      case RW:
      case RO:
      case SET:
      case SC:
      case DB:
      case LV:
        return load(words, at) >>> 0;
      case RC:
      case RCL:
      case RCH:
        return exchange(words, at, 0) >>> 0;
      case W1C: {
        const clear = this.clearOnRead();
        return (clear === 0 ? load(words, at) : and(words, at, ~clear)) >>> 0;
      }
      case EN: {
        const on = this.isEnabled(this.table.units[slot]);
        return ((load(words, at) & ~this.enableBit) | (on ? this.enableBit : 0)) >>> 0;
      }
      default:
        return 0;
    }
  }

  write32(offset: number, value: number): void {
    const slot = offset >>> 2;
    const { words } = this.memory;
    const at = this.base + this.table.targets[slot];
    switch (this.table.kinds[slot]) {
      case DB:
      case WDB:
        store(words, at, value); // publishes the descriptors below the new tail to the engine
        return;
      case LV:
        store(words, at, value);
        return;
      case RW:
      case SC:
      case EN:
        store(words, at, value);
        add(words, this.extra + GENERATION_WORD, 1); // the engine takes over its configuration afresh
        return;
      case SET:
        or(words, at, value);
        return;
      case CLR:
      case W1C:
        and(words, at, ~value);
        return;
      default:
        return;
    }
  }

  get(offset: number): number {
    return load(this.memory.words, this.base + (offset >>> 2)) >>> 0;
  }

  set(offset: number, value: number): void {
    store(this.memory.words, this.base + (offset >>> 2), value);
  }

  /** Sets a register that the driver writes too, unless it has changed since it was read as `expected`. */
  replace(offset: number, expected: number, value: number): void {
    compareExchange(this.memory.words, this.base + (offset >>> 2), expected | 0, value | 0);
  }

  setBits(offset: number, bits: number): void {
    or(this.memory.words, this.base + (offset >>> 2), bits);
  }

  clearBits(offset: number, bits: number): void {
    and(this.memory.words, this.base + (offset >>> 2), ~bits);
  }

  /** Counts in a statistics register; with `high`, carries into it. */
  bump(offset: number, amount: number, high = 0): void {
    const before = add(this.memory.words, this.base + (offset >>> 2), amount) >>> 0;
    if (high !== 0 && before + amount > 0xffffffff) add(this.memory.words, this.base + (high >>> 2), 1);
  }

  generation(): number {
    return load(this.memory.words, this.extra + GENERATION_WORD);
  }

  isEnabled(unit: number): boolean {
    return (load(this.memory.words, this.extra + ENABLED_WORD) & (1 << unit)) !== 0;
  }

  setEnabled(unit: number, on: boolean): void {
    if (on) or(this.memory.words, this.extra + ENABLED_WORD, 1 << unit);
    else and(this.memory.words, this.extra + ENABLED_WORD, ~(1 << unit));
  }

  /** Reset values everywhere but in `except`, whose self-clearing bits tell the driver when the reset is done. */
  reset(except: number): void {
    for (const { offset, reset } of this.table.list) if (offset !== except) this.set(offset, reset);
    store(this.memory.words, this.extra + ENABLED_WORD, 0);
  }
}
