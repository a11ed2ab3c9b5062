import { describe, expect, it } from 'vitest';
import { TX } from '../../src/drivers/nic/state.ts';
import { DESCRIPTOR_WORDS, eitr, QUEUES, TX_COMMAND_WORD, TX_RS, tdt } from '../../src/hw/nic/datasheet.ts';
import { expectClean } from '../check/verdict.ts';
import { TestMachine } from '../machine.ts';
import { type Bench, benchOf, transmit, written } from './bench.ts';

function doorbells(bench: Bench): number[] {
  return written(bench, tdt(0));
}

function polls(bench: Bench, count: number): void {
  for (let i = 0; i < count; i++) bench.driver.poll(256);
}

describe('the batching driver', () => {
  it('holds the doorbell back until txBatch descriptors wait, then rings once for all', () => {
    const bench = benchOf('batching', { txBatch: 64 });
    for (let i = 0; i < 7; i++) transmit(bench, 9);
    expect(doorbells(bench)).toEqual([]);
    transmit(bench, 1);
    expect(doorbells(bench)).toEqual([64]);
  });

  it('asks for one report a doorbell: RS on the last descriptor alone', () => {
    const bench = benchOf('batching', { txBatch: 8 });
    transmit(bench, 5);
    transmit(bench, 3);
    const { state, memory } = bench.environment;
    const ring = memory.words[state.tx(0) + TX.ring];
    const marked = Array.from(
      { length: 8 },
      (_, slot) => (memory.words[ring + slot * DESCRIPTOR_WORDS + TX_COMMAND_WORD] & TX_RS) !== 0,
    );
    expect(marked).toEqual([false, false, false, false, false, false, false, true]);
  });

  it('rings a held doorbell after holdPolls polls, and is not idle before', () => {
    const bench = benchOf('batching', { txBatch: 64, holdPolls: 5 });
    transmit(bench, 3);
    polls(bench, 4);
    expect(doorbells(bench)).toEqual([]);
    expect(bench.driver.idle()).toBe(false);
    polls(bench, 1);
    expect(doorbells(bench)).toEqual([3]);
    expect(bench.driver.idle()).toBe(true);
  });

  it('counts the polls of each held doorbell by itself, not what is left of an earlier one', () => {
    const bench = benchOf('batching', { txBatch: 4, holdPolls: 5 });
    transmit(bench, 1);
    polls(bench, 4);
    transmit(bench, 3);
    expect(doorbells(bench)).toEqual([4]);
    polls(bench, 1);
    transmit(bench, 1);
    polls(bench, 4);
    expect(doorbells(bench)).toEqual([4]);
    polls(bench, 1);
    expect(doorbells(bench)).toEqual([4, 5]);
  });

  it('rings what it holds when it quiesces, so that its successor finds nothing untold', () => {
    const bench = benchOf('batching', { txBatch: 64 });
    transmit(bench, 3);
    bench.driver.quiesce();
    expect(doorbells(bench)).toEqual([3]);
    const { state, memory } = bench.environment;
    expect(memory.words[state.tx(0) + TX.posted]).toBe(3);
  });

  it('gets along with a txBatch longer than its ring', () => {
    const machine = TestMachine.started({
      cards: [
        {
          driver: 'batching',
          app: 'echo',
          parameters: { txRing: 64, txBatch: 256, holdPolls: 3 },
          frames: 2000,
        },
      ],
    });
    expectClean(machine.conclude());
  });

  it('sends back what it holds though no further frame comes, before the CPU sleeps', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'batching', app: 'echo', parameters: { txBatch: 256, holdPolls: 1024 }, frames: 10 }],
    });
    expectClean(machine.conclude());
  });

  it('moderates the interrupts of every queue: 100 us unless told otherwise', () => {
    const { environment } = benchOf('batching', {}, { queues: QUEUES });
    for (let vector = 0; vector < QUEUES; vector++)
      expect(environment.port.read32(eitr(vector)) >>> 3).toBe(50);
  });
});
