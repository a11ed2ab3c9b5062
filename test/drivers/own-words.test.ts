/** The words that a driver has for itself in a state block. */
import { describe, expect, it } from 'vitest';
import { OWN_BYTES, OWN_WORDS, OwnWords, StateError } from '../../src/drivers/state-block.ts';

const BASE = 3;

function make() {
  const words = new Int32Array(new SharedArrayBuffer(OWN_BYTES + 4 * BASE + 4));
  words.fill(-1);
  words.fill(0, BASE, -1);
  return { words, own: new OwnWords(words, BASE) };
}

describe('own words', () => {
  it('are 0 until they are set, and again when they begin anew', () => {
    const { own } = make();
    own.begin('a');
    own.set(5, 77);
    expect([0, 4, 5, 6, OWN_WORDS - 1].map((word) => own.get(word))).toEqual([0, 0, 77, 0, 0]);
    own.begin('b');
    expect(own.get(5)).toBe(0);
    own.set(6, 1);
    expect(own.get(5)).toBe(0);
  });

  it('are in the format that they began with, and in no other', () => {
    const { own } = make();
    expect(own.isIn('a')).toBe(false);
    own.begin('a');
    expect([own.isIn('a'), own.isIn('b'), own.isIn('')]).toEqual([true, false, false]);
  });

  it('lie in two banks, which do not touch each other nor what lies around them', () => {
    const { own, words } = make();
    for (const bank of [0, 1]) {
      own.use(bank);
      own.begin(`bank ${bank}`);
      for (let word = 0; word < OWN_WORDS; word++) own.set(word, 1000 * bank + word);
    }
    for (const bank of [0, 1]) {
      own.use(bank);
      expect(own.isIn(`bank ${bank}`)).toBe(true);
      for (let word = 0; word < OWN_WORDS; word++) expect(own.get(word)).toBe(1000 * bank + word);
    }
    expect([...words.subarray(0, BASE), words.at(-1)]).toEqual([-1, -1, -1, -1]);
  });

  it.each([-1, OWN_WORDS, Number.NaN])('has no word %s, and says so', (word) => {
    const { own } = make();
    own.begin('a');
    expect(() => own.set(word, 1)).toThrow(StateError);
  });

  it('go to the other bank with what they are, if they are in the format asked for, else with nothing', () => {
    const { own } = make();
    own.begin('a');
    own.set(2, 9);
    own.moveTo(1, 'a');
    expect([own.get(2), own.isIn('a')]).toEqual([9, true]);
    own.set(2, 10);
    own.moveTo(1, 'a');
    expect(own.get(2)).toBe(10);
    own.use(0);
    expect(own.get(2)).toBe(9);
    own.use(1);
    own.moveTo(0, 'b');
    expect([own.get(2), own.isIn('b')]).toEqual([0, true]);
    own.use(1);
    expect([own.get(2), own.isIn('a')]).toEqual([10, true]);
  });

  it('are copied, and put back in the format that is said', () => {
    const { own } = make();
    own.begin('a');
    own.set(3, 4);
    const copy = new Int32Array(OWN_WORDS).fill(8);
    own.copyTo(copy);
    expect([...copy.subarray(0, 5)]).toEqual([0, 0, 0, 4, 0]);
    expect(copy.at(-1)).toBe(0);
    own.set(9, 1);
    own.copyFrom(copy, 'b');
    expect([own.get(3), own.get(9), own.isIn('b')]).toEqual([4, 0, true]);
  });

  it('are refused where there are more of them than there is room for', () => {
    const { own, words } = make();
    own.begin('a');
    own.validate();
    words[BASE + 1] = OWN_WORDS + 1;
    expect(() => own.validate()).toThrow('bank 0: 129 words of a driver');
    words[BASE + 1] = -1;
    expect(() => own.validate()).toThrow(StateError);
  });
});
