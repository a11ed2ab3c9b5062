import { describe, expect, it } from 'vitest';
import { Watchdog } from '../../src/exec/threads/watchdog.ts';

function watchdog() {
  const cpu = { beat: 0, asleep: false };
  const reasons: string[] = [];
  const dog = new Watchdog({ beat: () => cpu.beat, asleep: () => cpu.asleep }, (reason) =>
    reasons.push(reason),
  );
  const look = (times: number, meanwhile: () => void = () => undefined) => {
    for (let i = 0; i < times; i++) {
      dog.look();
      meanwhile();
    }
  };
  return { cpu, reasons, look };
}

describe('a watchdog', () => {
  it('lets a CPU alone that steps or sleeps', () => {
    const { cpu, reasons, look } = watchdog();
    look(1000, () => cpu.beat++);
    cpu.asleep = true;
    look(1000);
    cpu.asleep = false;
    look(19);
    cpu.beat++;
    look(19);
    expect(reasons).toEqual([]);
  });

  it('tells once of one that does neither, and again when it stands still again', () => {
    const { cpu, reasons, look } = watchdog();
    look(100);
    expect(reasons).toEqual(['it made no step for 2 s, and did not sleep']);
    cpu.beat++;
    look(100);
    expect(reasons.length).toBe(2);
  });
});
