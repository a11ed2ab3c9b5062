import { beforeEach, describe, expect, test } from 'vitest';
import {
  FCCFG,
  FCCFG_TFCE_802_3X,
  FCRTH,
  FCRTH_FCEN,
  FCRTL,
  FCRTL_XONE,
  FCTTV,
  LXOFFTXC,
  LXONTXC,
} from '../../../src/hw/nic/datasheet.ts';
import { QUANTUM_US } from '../../../src/hw/nic/wire.ts';
import { Bench, type BenchCard, testFrames } from '../bench-card.ts';
import { RxRing } from '../bench-rings.ts';

const QUANTA = 1000;
const HALF_US = (QUANTA * QUANTUM_US) / 2;
/** Frames of 60 bytes take 64 in the packet buffer: the marks are ten frames and three frames. */
const HIGH = 640;
const LOW = 192;

let card: BenchCard;
let ring: RxRing;

beforeEach(() => {
  [card] = new Bench().cards;
  card.start();
  card.write(FCTTV, QUANTA);
  card.write(FCRTH, HIGH | FCRTH_FCEN);
  card.write(FCRTL, LOW | FCRTL_XONE);
  card.write(FCCFG, FCCFG_TFCE_802_3X);
  ring = new RxRing(card, 0, { slots: 64 }).program().enable();
});

const quanta = (): number[] => card.wire.pauses.map((pause) => pause.quanta);

/** So many frames come in. */
function fill(frames: number): void {
  card.arrive(...testFrames(1, frames));
}

/** So many frames leave the packet buffer. */
function drain(frames: number): void {
  ring.tail((ring.head() + frames) % ring.slots);
  card.step();
}

describe('PAUSE that the card sends', () => {
  test('goes out when the packet buffer reaches the high mark, once', () => {
    fill(9);
    expect(quanta()).toEqual([]);
    fill(1);
    expect(quanta()).toEqual([QUANTA]);
    fill(20);
    card.step();
    expect(quanta()).toEqual([QUANTA]);
    expect([card.read(LXOFFTXC), card.read(LXONTXC)]).toEqual([1, 0]);
  });

  test('is taken back when the buffer falls to the low mark, and not before', () => {
    fill(10);
    drain(6);
    expect(quanta()).toEqual([QUANTA]);
    drain(1);
    expect(quanta()).toEqual([QUANTA, 0]);
    drain(3);
    expect(quanta()).toEqual([QUANTA, 0]);
    expect([card.read(LXOFFTXC), card.read(LXONTXC)]).toEqual([1, 1]);
  });

  test('goes out again when the buffer fills again', () => {
    fill(10);
    drain(10);
    fill(10);
    expect(quanta()).toEqual([QUANTA, 0, QUANTA]);
  });

  test('between the marks nothing is said either way', () => {
    for (let i = 0; i < 5; i++) {
      fill(5);
      drain(5);
    }
    expect(quanta()).toEqual([]);
  });

  test('is renewed at half its time while the buffer stays above the low mark', () => {
    fill(10);
    const fromUs = card.nowUs;
    for (const us of [HALF_US - 1, 1, HALF_US - 1, 1]) card.after(us);
    expect(card.wire.pauses).toEqual([
      { quanta: QUANTA, timeUs: fromUs },
      { quanta: QUANTA, timeUs: fromUs + HALF_US },
      { quanta: QUANTA, timeUs: fromUs + 2 * HALF_US },
    ]);
    expect(card.read(LXOFFTXC)).toBe(3);
  });

  test('the card wakes to renew it, and sleeps for good once it is taken back', () => {
    fill(10);
    card.step();
    expect(card.nic.nextTimerUs()).toBe(card.nowUs + HALF_US);
    card.after(HALF_US);
    expect(card.nic.nextTimerUs()).toBe(card.nowUs + HALF_US);
    drain(10);
    expect(card.nic.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('that has run out is renewed by the next frame, before the card’s own step', () => {
    fill(10);
    card.bench.clock.us += 3 * HALF_US;
    fill(1);
    expect(quanta()).toEqual([QUANTA, QUANTA]);
    fill(1);
    expect(quanta()).toEqual([QUANTA, QUANTA]);
  });

  test('without FCRTL.XONE is left to run out', () => {
    card.write(FCRTL, LOW);
    fill(10);
    drain(10);
    expect(quanta()).toEqual([QUANTA]);
    expect(card.read(LXONTXC)).toBe(0);
    fill(10);
    expect(quanta()).toEqual([QUANTA, QUANTA]);
  });

  test.each([
    ['FCCFG.TFCE', FCCFG, 0],
    ['FCRTH.FCEN', FCRTH, HIGH],
  ])('is not sent without %s', (_, register, value) => {
    card.write(register, value);
    fill(50);
    card.after(10_000);
    expect(quanta()).toEqual([]);
  });
});
