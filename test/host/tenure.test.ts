import { describe, expect, it } from 'vitest';
import { layoutTenure, Tenure } from '../../src/host/tenure.ts';
import { Memory, MemoryMap } from '../../src/hw/memory.ts';

function tenures(): [Tenure, Tenure] {
  const map = new MemoryMap();
  const region = layoutTenure(map);
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  return [new Tenure(memory, region), new Tenure(memory, region)];
}

describe('who serves', () => {
  it('is CPU 0 until the devices are passed on', () => {
    const [one, other] = tenures();
    expect(other.holder).toBe(0);
    one.pass(1, 1234.5, true);
    expect([other.holder, other.passage, other.settled]).toEqual([1, undefined, true]);
    other.served(1250, 1300.25);
    expect(one.passage).toEqual({ leftUs: 1234.5, adoptedUs: 1250, servedUs: 1300.25 });
    other.pass(0, 2000, false);
    expect([one.holder, one.passage, one.settled]).toEqual([0, undefined, false]);
    one.served(2001, 2002);
    expect(other.passage).toEqual({ leftUs: 2000, adoptedUs: 2001, servedUs: 2002 });
  });

  it('is told to stand ready by number, 0 too, and then no more', () => {
    const [one, other] = tenures();
    expect([0, 1].map((cpu) => other.isCalled(cpu))).toEqual([false, false]);
    one.call(0);
    expect([0, 1].map((cpu) => other.isCalled(cpu))).toEqual([true, false]);
    one.call(1);
    expect([0, 1].map((cpu) => other.isCalled(cpu))).toEqual([false, true]);
    one.call(undefined);
    expect([0, 1].map((cpu) => other.isCalled(cpu))).toEqual([false, false]);
  });

  it('is asked whether it is ready, and answers once, which changes nothing else', () => {
    const [one, other] = tenures();
    one.pass(1, 1234.5, true);
    other.served(1250, 1300.25);
    expect([one.answered, other.answered]).toEqual([true, true]);
    for (let time = 0; time < 3; time++) {
      one.ask();
      expect([one.answered, other.answered]).toEqual([false, false]);
      other.answer();
      expect([one.answered, other.answered]).toEqual([true, true]);
    }
    one.ask();
    one.ask(); // by the next one, after a CPU that ended
    other.answer();
    expect(one.answered).toBe(true);
    expect([one.holder, one.passage, one.settled]).toEqual([
      1,
      { leftUs: 1234.5, adoptedUs: 1250, servedUs: 1300.25 },
      true,
    ]);
  });

  it('needs whoever can serve when the one that served is no more, and then the one to whom they are passed', () => {
    const [one, other] = tenures();
    const needed = () => [0, 1].map((cpu) => other.needs(cpu));
    expect(needed()).toEqual([true, false]);
    one.orphan();
    expect(needed()).toEqual([true, true]);
    one.pass(1, 99, false);
    expect(needed()).toEqual([false, true]);
  });

  it('knows since when there is traffic', () => {
    const [one, other] = tenures();
    expect(other.startedUs).toBe(0);
    one.begin(77);
    one.pass(1, 99, true);
    expect([other.startedUs, other.holder]).toEqual([77, 1]);
  });
});
