import { afterEach, describe, expect, test, vi } from 'vitest';
import { BELL_BYTES, Bell } from '../../src/hw/bell.ts';
import { Memory } from '../../src/hw/memory.ts';

function makeBell(): Bell {
  return new Bell(new Memory(new SharedArrayBuffer(4096)), { address: 128, bytes: BELL_BYTES });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a bell', () => {
  test('rung for a busy thread notifies nobody and leaves no trace', () => {
    const notify = vi.spyOn(Atomics, 'notify');
    const bell = makeBell();
    bell.ring(10);
    expect(notify).not.toHaveBeenCalled();
    expect(bell.lastWokenUs()).toBe(0);
    expect(bell.asleep()).toBe(false);
  });

  test('rung between the announcement and the sleep keeps its owner awake', () => {
    const notify = vi.spyOn(Atomics, 'notify');
    const bell = makeBell();
    const woken = bell.park(() => {
      expect(bell.asleep()).toBe(true);
      bell.ring(42);
      return false;
    }, 60_000);
    expect(woken).toBe(true);
    expect(notify).toHaveBeenCalledOnce();
    expect(bell.lastWokenUs()).toBe(42);
    expect(bell.asleep()).toBe(false);
  });

  test('notifies a sleeper once, however often it is rung', () => {
    const notify = vi.spyOn(Atomics, 'notify');
    const bell = makeBell();
    bell.park(() => {
      bell.ring(1);
      bell.ring(2);
      bell.ring(3);
      return false;
    }, 60_000);
    expect(notify).toHaveBeenCalledOnce();
    expect(bell.lastWokenUs()).toBe(1);
  });

  test('work found on the last look is not slept over', () => {
    const wait = vi.spyOn(Atomics, 'wait');
    const bell = makeBell();
    expect(bell.park(() => true, 60_000)).toBe(true);
    expect(wait).not.toHaveBeenCalled();
    expect(bell.asleep()).toBe(false);
  });

  test('a sleep that nobody ends runs out of time', () => {
    const bell = makeBell();
    expect(bell.park(() => false, 0)).toBe(false);
    expect(bell.asleep()).toBe(false);
    expect(bell.lastWokenUs()).toBe(0);
  });
});
