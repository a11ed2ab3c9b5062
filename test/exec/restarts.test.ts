import { describe, expect, it } from 'vitest';
import { Restarts } from '../../src/exec/threads/restarts.ts';

const SECOND_US = 1_000_000;

describe('ends of CPUs', () => {
  it('let the next one wait twice as long each time, up to a second', () => {
    const restarts = new Restarts();
    const delays = Array.from({ length: 11 }, (_, i) => {
      restarts.ended(0, i, i);
      return restarts.delayMs;
    });
    expect(delays).toEqual([0, 10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
  });

  it('are held against the driver and the device that they came from: three condemn it', () => {
    const restarts = new Restarts();
    for (let i = 0; i < 2; i++) restarts.ended(0, 5, i);
    restarts.ended(1, 5, 2);
    restarts.ended(0, 6, 3);
    expect(restarts.isCondemned(0, 5)).toBe(false);
    restarts.ended(0, 5, 4);
    expect(restarts.isCondemned(0, 5)).toBe(true);
    expect(restarts.isCondemned(1, 5)).toBe(false);
    expect(restarts.isCondemned(0, 6)).toBe(false);
  });

  it('are forgotten after a minute', () => {
    const restarts = new Restarts();
    for (let i = 0; i < 2; i++) restarts.ended(0, 5, i * SECOND_US);
    restarts.ended(0, 5, 62 * SECOND_US);
    expect(restarts.isCondemned(0, 5)).toBe(false);
    expect(restarts.delayMs).toBe(0);
  });

  it('are too many at sixteen, whoever they came from', () => {
    const restarts = new Restarts();
    for (let i = 0; i < 15; i++) restarts.ended(i % 3, i, i);
    expect(restarts.hopeless).toBe(false);
    restarts.ended(7, 7, 16);
    expect(restarts.hopeless).toBe(true);
  });
});
