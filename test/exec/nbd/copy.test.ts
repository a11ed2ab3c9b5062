/** Bytes between ordinary and shared memory, however both lie. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { copyBytes } from '../../../src/exec/nbd/copy.ts';

it('copies what it is told and nothing else, both ways', () => {
  const place = fc.record({ view: fc.nat(9), at: fc.nat(9) });
  fc.assert(
    fc.property(place, place, fc.nat(70), fc.boolean(), (from, to, length, outOfShared) => {
      const ordinary = new ArrayBuffer(128);
      const shared = new SharedArrayBuffer(128);
      const source = new Uint8Array(outOfShared ? shared : ordinary, from.view);
      const target = new Uint8Array(outOfShared ? ordinary : shared, to.view);
      source.forEach((_, i) => {
        source[i] = i + 1;
      });
      const expected = Array.from(target);
      for (let i = 0; i < length; i++) expected[to.at + i] = source[from.at + i];
      copyBytes(target, to.at, source, from.at, length);
      expect(Array.from(target)).toEqual(expected);
    }),
  );
});
