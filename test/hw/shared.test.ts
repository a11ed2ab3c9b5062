import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Memory } from '../../src/hw/memory.ts';
import { copy, count, counted } from '../../src/hw/shared.ts';

describe('64-bit counters', () => {
  test('hold the sum of all amounts, over the carry', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffffffff), { maxLength: 50 }), (amounts) => {
        const words = new Int32Array(new SharedArrayBuffer(16));
        for (const amount of amounts) count(words, 1, amount);
        expect(counted(words, 1)).toBe(amounts.reduce((sum, amount) => sum + amount, 0));
        expect([words[0], words[3]]).toEqual([0, 0]);
      }),
    );
  });

  test('carry exactly when the low half wraps', () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    count(words, 0, 0xffffffff);
    expect(counted(words, 0)).toBe(0xffffffff);
    count(words, 0, 1);
    expect([...words]).toEqual([0, 1]);
  });
});

test('a copy moves its bytes and no others, short or long, however its ends lie', () => {
  const place = fc.integer({ min: 0, max: 64 });
  const length = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 1600 }));
  fc.assert(
    fc.property(place, place, length, (from, to, bytes) => {
      const memory = new Memory(new SharedArrayBuffer(4096));
      memory.bytes.forEach((_, i) => {
        memory.bytes[i] = i * 7 + (i >> 8);
      });
      const expected = memory.bytes.slice();
      expected.copyWithin(2048 + to, from, from + bytes);
      copy(memory, 2048 + to, from, bytes);
      expect(memory.bytes).toEqual(new Uint8Array(expected));
    }),
  );
});
