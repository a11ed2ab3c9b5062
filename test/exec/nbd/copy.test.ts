/** Bytes between ordinary and shared memory, however the ordinary ones lie. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { copyIn, copyOut } from '../../../src/exec/nbd/copy.ts';
import { Memory } from '../../../src/hw/memory.ts';

const BYTES = 128;

/** Memory and bytes in which each place is like no other. */
function fresh(view: number) {
  const memory = new Memory(new SharedArrayBuffer(BYTES));
  const bytes = new Uint8Array(new ArrayBuffer(BYTES), view);
  memory.bytes.forEach((_, i) => {
    memory.bytes[i] = i + 1;
  });
  bytes.forEach((_, i) => {
    bytes[i] = 255 - i;
  });
  const before = { memory: Array.from(memory.bytes), bytes: Array.from(bytes) };
  return { memory, bytes, before };
}

const cases = fc.record({ view: fc.nat(9), at: fc.nat(9), word: fc.nat(9), length: fc.nat(80) });

it('copies into shared memory what it is told, and nothing else', () => {
  fc.assert(
    fc.property(cases, ({ view, at, word, length }) => {
      const { memory, bytes, before } = fresh(view);
      const address = word * 4;
      copyIn(memory, address, bytes, at, length);
      before.memory.splice(address, length, ...before.bytes.slice(at, at + length));
      expect(Array.from(memory.bytes)).toEqual(before.memory);
      expect(Array.from(bytes)).toEqual(before.bytes);
    }),
  );
});

it('copies out of it likewise', () => {
  fc.assert(
    fc.property(cases, ({ view, at, word, length }) => {
      const { memory, bytes, before } = fresh(view);
      const address = word * 4;
      copyOut(memory, address, bytes, at, length);
      before.bytes.splice(at, length, ...before.memory.slice(address, address + length));
      expect(Array.from(bytes)).toEqual(before.bytes);
      expect(Array.from(memory.bytes)).toEqual(before.memory);
    }),
  );
});
