import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  EIAC,
  EICR,
  EICS,
  EIMS,
  EITR_INTERVAL_SHIFT,
  EITR_UNIT_US,
  eitr,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard } from '../bench-card.ts';

let bench: Bench;
let card: BenchCard;

beforeEach(() => {
  bench = new Bench();
  [card] = bench.cards;
  card.start();
  card.read(EICR);
  card.write(EIAC, 0xffff);
  card.write(EIMS, 0xffff);
  for (let vector = 0; vector < 16; vector++) card.port.connectVector(vector, 0, vector);
  moderate(0, 100);
});

function moderate(vector: number, us: number): void {
  card.write(eitr(vector), (us / EITR_UNIT_US) << EITR_INTERVAL_SHIFT);
  card.step();
}

/** The cause is set now; which vectors have fired at the end of the given time? */
function set(causes: number, thenUs = 0): number[] {
  card.write(EICS, causes);
  card.step();
  if (thenUs > 0) card.after(thenUs);
  return bench.interrupts();
}

describe('EITR', () => {
  test('lets the first interrupt out at once and the next one an interval later', () => {
    expect(set(1)).toEqual([0]);
    expect(set(1, 99)).toEqual([]);
    card.after(1);
    expect(bench.interrupts()).toEqual([0]);
  });

  test('merges what comes within an interval into one interrupt', () => {
    set(1);
    for (let i = 0; i < 9; i++) expect(set(1, 10)).toEqual([]);
    card.after(10);
    expect(bench.interrupts()).toEqual([0]);
    card.after(1000);
    expect(bench.interrupts()).toEqual([]);
  });

  test('an interval without a cause passes without an interrupt, and the next cause is not held', () => {
    set(1);
    card.after(1000);
    expect(bench.interrupts()).toEqual([]);
    expect(set(1)).toEqual([0]);
  });

  test('holds its own vector only', () => {
    set(1);
    expect(set(0b11)).toEqual([1]);
  });

  test('tells when it will let a held interrupt out, and sleeps until then', () => {
    set(1);
    const firedUs = card.nowUs;
    expect(card.nic.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
    set(1, 30);
    expect(card.nic.nextTimerUs()).toBe(firedUs + 100);
    expect(card.nic.hasWork(card.nowUs)).toBe(false);
    expect(card.nic.hasWork(firedUs + 100)).toBe(true);
    card.after(70);
    expect(bench.interrupts()).toEqual([0]);
    expect(card.nic.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('with several vectors held, wakes for the first of them', () => {
    moderate(1, 40);
    moderate(2, 70);
    set(0b111);
    const firedUs = card.nowUs;
    set(0b111);
    expect(card.nic.nextTimerUs()).toBe(firedUs + 40);
    card.after(40);
    expect(bench.interrupts()).toEqual([1]);
    expect(card.nic.nextTimerUs()).toBe(firedUs + 70);
  });

  test('a held vector keeps nobody from seeing that another one is due', () => {
    set(1);
    set(1);
    card.write(EICS, 0b10);
    expect(card.nic.hasWork(card.nowUs)).toBe(true);
  });

  test('a cause that comes to a held vector after the last step is not slept over', () => {
    set(1);
    card.write(EICS, 1);
    expect(card.nic.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
    expect(card.nic.hasWork(card.nowUs)).toBe(true);
  });

  test('a new interval holds from the next interrupt on: what is held already is not let out earlier', () => {
    set(1);
    moderate(0, 10);
    expect(set(1, 99)).toEqual([]);
    card.after(1);
    expect(bench.interrupts()).toEqual([0]);
    expect(set(1, 9)).toEqual([]);
    card.after(1);
    expect(bench.interrupts()).toEqual([0]);
  });

  test('setting it is no change of the card\u2019s configuration', () => {
    const before = card.nic.registers.generation();
    card.write(eitr(0), 8);
    expect(card.read(eitr(0))).toBe(8);
    expect(card.nic.registers.generation()).toBe(before);
    expect(card.nic.hasWork(card.nowUs)).toBe(false);
  });

  test('zero is no moderation', () => {
    moderate(0, 0);
    for (let i = 0; i < 5; i++) expect(set(1)).toEqual([0]);
  });

  test('counts two microseconds a unit in bits 11:3, whatever the other bits say', () => {
    card.write(eitr(3), 0x8000_0007 | (0x1ff << EITR_INTERVAL_SHIFT));
    card.step();
    expect(set(0b1000)).toEqual([3]);
    expect(set(0b1000, 1021)).toEqual([]);
    card.after(1);
    expect(bench.interrupts()).toEqual([3]);
  });

  test('whatever happens, two interrupts are an interval apart, and no cause waits longer than that', () => {
    const waits = fc.array(fc.integer({ min: 1, max: 250 }), { maxLength: 40 });
    fc.assert(
      fc.property(waits, (gaps) => {
        card.after(10_000);
        bench.interrupts();
        let last = Number.NEGATIVE_INFINITY;
        let since = Number.POSITIVE_INFINITY; // when the oldest cause not yet told of was set
        for (const gap of gaps) {
          since = Math.min(since, card.nowUs);
          card.write(EICS, 1);
          for (let us = 0; us < gap; us++) {
            card.step();
            if (bench.interrupts().length > 0) {
              expect(card.nowUs - last).toBeGreaterThanOrEqual(100);
              expect(card.nowUs - since).toBeLessThanOrEqual(100);
              last = card.nowUs;
              since = Number.POSITIVE_INFINITY;
            }
            bench.clock.us++;
          }
          expect(card.nowUs - since).toBeLessThanOrEqual(100);
        }
      }),
      { numRuns: 30 },
    );
  });
});
