/** What a CPU accepts of an application, and whom it blames when something goes wrong. */
import { describe, expect, it } from 'vitest';
import { Burst } from '../../src/drivers/burst.ts';
import type { SlotView } from '../../src/drivers/contract.ts';
import { Exit, ExitFailure } from '../../src/host/apps/exit.ts';
import { ApplicationFailure, offer } from '../../src/host/apps/offer.ts';
import { TestMachine } from '../machine.ts';

/** Frames of so many segments each. */
function burstOf(...frames: number[]): Burst {
  const burst = new Burst();
  for (const segments of frames) {
    burst.segments += segments;
    burst.ends[burst.segments - 1] = 1;
  }
  burst.frames = frames.length;
  return burst;
}

const machine = new TestMachine();
const slot: SlotView = machine.slot();

function taking(receive: () => number): number {
  return offer('mine', { name: 'mine', receive }, slot, 0, burstOf(1, 2, 1));
}

describe('an application', () => {
  it.each([0, 1, 3, 4])('may take whole frames: %i of 4 segments', (taken) => {
    expect(taking(() => taken)).toBe(taken);
  });

  it.each([2, 5, -1, 0.5, Number.NaN])('may not take %d of 4 segments', (taken) => {
    expect(() => taking(() => taken)).toThrow(ApplicationFailure);
    expect(() => taking(() => taken)).toThrow(
      `application mine took ${taken} of 4 segments; it must take whole frames`,
    );
  });

  it('that throws is named with its reason', () => {
    const thrower = () =>
      taking(() => {
        throw new Error('boom');
      });
    expect(thrower).toThrow(ApplicationFailure);
    expect(thrower).toThrow('application mine threw: boom');
  });

  it('is not to blame for the driver by which it sends', () => {
    const { driver } = machine.slot();
    const reason = new Error('no transmit today');
    driver.transmit = () => {
      throw reason;
    };
    const exit = new Exit(slot);
    try {
      taking(() => {
        exit.transmit(0, burstOf(1), 1);
        return 1;
      });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ExitFailure);
      expect(error).toMatchObject({ slot: 0, cause: reason, message: 'no transmit today' });
    }
  });
});
