/** When the CPU is woken for what comes bit by bit. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Waker } from '../../../src/exec/nbd/waker.ts';

let wakes = 0;
let waker: Waker;

beforeEach(() => {
  wakes = 0;
  waker = new Waker(() => {
    wakes++;
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a thread that others are published to', () => {
  it('is woken at once if it waits for nothing else', () => {
    waker.tell(true);
    expect(wakes).toBe(1);
  });

  it('is woken once for what comes in one turn', async () => {
    for (let i = 0; i < 5; i++) waker.tell(false);
    expect(wakes).toBe(0);
    for (let i = 0; i < 4; i++) await turn();
    expect(wakes).toBe(1);
  });

  it('is not woken while each turn brings more, until that is much', async () => {
    for (let i = 0; i < 6; i++) {
      waker.tell(false);
      await turn();
      expect(wakes).toBe(0);
    }
    for (let i = 0; i < 6; i++) waker.tell(false);
    await turn();
    expect(wakes).toBe(1);
  });

  it('hears of everything, in whatever turns it came', async () => {
    for (const burst of [1, 3, 0, 8, 0, 0, 2]) {
      for (let i = 0; i < burst; i++) waker.tell(false);
      await turn();
    }
    const before = wakes;
    for (let i = 0; i < 3; i++) await turn();
    expect(wakes).toBeGreaterThan(before); // of the last two
    waker.tell(false);
    for (let i = 0; i < 3; i++) await turn();
    expect(wakes).toBeGreaterThan(before + 1);
  });
});
