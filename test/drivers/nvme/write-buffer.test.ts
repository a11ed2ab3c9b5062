import { describe, expect, it } from 'vitest';
import { bufferBytes, SLOT, WriteBuffer } from '../../../src/drivers/nvme/write-buffer.ts';
import { Memory, MemoryMap, PAGE_BYTES } from '../../../src/hw/memory.ts';

const SLOTS = 8;
/** Words of the directory in front of the first slot's entry, and of an entry. */
const HEADER = 16;
const ENTRY = 4;

function made() {
  const map = new MemoryMap();
  const region = map.take(bufferBytes(SLOTS, 0), PAGE_BYTES);
  const source = map.take(4 * PAGE_BYTES, PAGE_BYTES);
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  const buffer = new WriteBuffer(memory, 0, SLOTS);
  buffer.format(region, SLOTS);
  const write = (page: number, value: number): void => {
    memory.bytes.fill(value, source.address, source.address + PAGE_BYTES);
    buffer.write(page, source.address);
  };
  const heldIn = (held: WriteBuffer, page: number): number | undefined => {
    const slot = held.find(page);
    return slot < 0 ? undefined : memory.bytes[held.address(slot) + 7];
  };
  const successor = (): WriteBuffer => {
    const next = new WriteBuffer(memory, 0, SLOTS);
    next.adopt(region);
    return next;
  };
  return { buffer, memory, region, write, heldIn, successor };
}

describe('the write buffer', () => {
  it('has a page in one slot, with what was written last', () => {
    const { buffer, write, heldIn } = made();
    write(5, 1);
    write(13, 2); // the same hash
    write(5, 3);
    expect([heldIn(buffer, 5), heldIn(buffer, 13), heldIn(buffer, 6)]).toEqual([3, 2, undefined]);
    expect(buffer.count(SLOT.dirty)).toBe(2);
    expect(buffer.claimable).toBe(SLOTS - 2);
  });

  it('is found as it was by a successor, at any number of writes', () => {
    const { buffer, write, heldIn, successor } = made();
    for (let nth = 0; nth < 40; nth++) {
      write((nth * 5) % 7, nth);
      const next = successor();
      for (let page = 0; page < 8; page++) expect(heldIn(next, page)).toBe(heldIn(buffer, page));
      expect(next.count(SLOT.dirty)).toBe(buffer.count(SLOT.dirty));
    }
  });

  it('of two slots for one page, which a driver has left that was stopped in between, the later is the page', () => {
    const { buffer, memory, region, write, heldIn, successor } = made();
    write(5, 1);
    const old = buffer.find(5);
    const at = (region.address >>> 2) + HEADER + old * ENTRY;
    const entry = memory.words.slice(at, at + ENTRY);
    write(5, 2);
    memory.words.set(entry, at); // it was not emptied yet
    const next = successor();
    expect(heldIn(next, 5)).toBe(2);
    expect(next.count(SLOT.dirty)).toBe(1);
    expect(next.state(old)).toBe(SLOT.empty);
    expect(next.owes(next.find(5), 1)).toBe(true); // and the flush that waited for the first write waits for this one
  });

  it('owes a flush what was dirty when it came, and nothing later', () => {
    const { buffer, write } = made();
    write(1, 1);
    const version = buffer.version;
    write(2, 1);
    expect(buffer.owes(buffer.find(1), version)).toBe(true);
    expect(buffer.owes(buffer.find(2), version)).toBe(false);
    buffer.setState(buffer.find(1), SLOT.writing);
    expect(buffer.owes(buffer.find(1), version)).toBe(true);
    buffer.setState(buffer.find(1), SLOT.clean);
    expect(buffer.owes(buffer.find(1), version)).toBe(false);
    write(1, 2);
    expect(buffer.owes(buffer.find(1), version)).toBe(false);
  });

  it('takes clean slots for new pages when no empty one is left, and never others', () => {
    const { buffer, write, heldIn } = made();
    for (let page = 0; page < SLOTS; page++) write(page, page);
    buffer.setState(buffer.find(3), SLOT.clean);
    expect(buffer.claimable).toBe(1);
    write(20, 20);
    expect(heldIn(buffer, 3)).toBeUndefined();
    expect([0, 1, 2, 4, 5, 6, 7, 20].map((page) => heldIn(buffer, page))).toEqual([0, 1, 2, 4, 5, 6, 7, 20]);
    expect(buffer.reserve(30)).toBe(-1);
  });

  it.each<[string, string, (words: Int32Array, base: number) => void]>([
    ['without its magic number', 'no magic number', (words, base) => words.fill(0, base, base + 1)],
    ['of more slots than lie in it', '9999 slots', (words, base) => words.fill(9999, base + 1, base + 2)],
    [
      'with a slot in no state that there is',
      'slot 2: no such state as 7',
      (words, base) => words.fill(7, base + HEADER + 2 * ENTRY, base + HEADER + 2 * ENTRY + 1),
    ],
  ])('refuses to take over one %s', (_, reason, spoil) => {
    const { memory, region, successor } = made();
    spoil(memory.words, region.address >>> 2);
    expect(successor).toThrow(reason);
  });
});
