/** Drivers that lose, repeat, exchange or spoil one frame in 6,000: each is found, with queue, flow and number. */
import { describe, expect, it } from 'vitest';
import { Burst } from '../../src/drivers/burst.ts';
import type { NicDriverDefinition } from '../../src/drivers/contract.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { TX } from '../../src/drivers/nic/state.ts';
import { type CardOptions, TestMachine } from '../machine.ts';
import { isScratch } from '../swap/faulty.ts';
import { exchanger, flipper, loser, repeater, shortener } from './saboteurs.ts';
import type { Verdict } from './verdict.ts';

const FRAMES = 6000;
const FLOWS = 4;
/** Flows take turns: the frame delivered as the 4,321st is number 1,080 of flow 0. */
const VICTIM = 4321;
const SEQUENCE = Math.floor((VICTIM - 1) / FLOWS);

function run(driver: NicDriverDefinition, card: CardOptions = {}): Verdict {
  const machine = TestMachine.started({
    cards: [{ driver: driver.name, frames: FRAMES, flows: FLOWS, ...card }],
    drivers: [driver],
  });
  return machine.conclude();
}

describe('one frame on its way to the application', () => {
  it('none harmed: the books are clean', () => {
    expect(run({ ...polling, name: 'honest' }).violations).toEqual([]);
  });

  it('lost', () => {
    const { violations, balances, away } = run(loser(VICTIM));
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({
      invariant: 'delivery',
      device: 'eth0',
      queue: 0,
      flow: 0,
      sequence: SEQUENCE,
      message: `frame ${SEQUENCE} of flow 0 was never delivered`,
    });
    expect(balances[0]).toMatchObject({ lost: 1, duplicated: 0, reordered: 0, damaged: 0 });
    expect(away).toBe(0);
  });

  it('lost as the very last one, which no gap shows', () => {
    const { violations, balances } = run(loser(FRAMES));
    expect(violations.map(({ message }) => message)).toEqual([
      '1 offered frames were neither delivered nor counted as dropped',
    ]);
    expect(balances[0].lost).toBe(1);
  });

  it('repeated', () => {
    const { violations, balances, away } = run(repeater(VICTIM));
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({
      invariant: 'order',
      device: 'eth0',
      queue: 0,
      flow: 0,
      sequence: SEQUENCE,
      message: `frame ${SEQUENCE} of flow 0 was delivered twice`,
    });
    expect(balances[0]).toMatchObject({ lost: 0, duplicated: 1, reordered: 0, damaged: 0 });
    expect(away).toBe(0);
  });

  it('repeated and sent back twice: named on both ways, and nothing is called lost', () => {
    const { violations, balances } = run(repeater(VICTIM), { app: 'echo' });
    expect(violations.map(({ message }) => message)).toEqual([
      `frame ${SEQUENCE} of flow 0 was delivered twice`,
      `frame ${SEQUENCE} of flow 0 was sent twice`,
    ]);
    expect(balances[0].lost).toBe(0);
  });

  it('exchanged with its neighbour in the same flow', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'exchanger', frames: FRAMES, flows: 1 }],
      drivers: [exchanger(VICTIM)],
    });
    const { violations, balances } = machine.conclude();
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({ invariant: 'order', queue: 0, flow: 0 });
    expect([VICTIM - 2, VICTIM - 1]).toContain(violations[0].sequence);
    expect(balances[0]).toMatchObject({ lost: 0, duplicated: 0, reordered: 1, damaged: 0 });
  });

  it.each([0, 1, 7, 15, 30, 45, 59])('with one bit spoilt, %d bytes before its end', (at) => {
    const { violations, balances } = run(flipper(VICTIM, at));
    expect(balances[0]).toMatchObject({ lost: 0, duplicated: 0, reordered: 0, damaged: 1 });
    const damage = violations.filter(({ invariant }) => invariant === 'damage');
    expect(damage).toHaveLength(1);
    expect(damage[0]).toMatchObject({ device: 'eth0', queue: 0 });
    const elsewhere = at >= 12 && at < 18; // flow and number themselves are hit
    if (!elsewhere) expect(damage[0]).toMatchObject({ flow: 0, sequence: SEQUENCE });
  });

  it('cut short by a byte', () => {
    const { violations, balances } = run(shortener(VICTIM));
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({ invariant: 'damage', queue: 0, flow: 0, sequence: SEQUENCE });
    expect(balances[0].damaged).toBe(1);
  });

  it('on its queue: the one that the application was told', () => {
    const { violations } = run(flipper(VICTIM, 7), { queues: 4, flows: 16 });
    expect(violations).toHaveLength(1);
    const { flow, queue } = violations[0];
    const others = run(flipper(VICTIM, 7), { queues: 1, flows: 16 }).violations;
    expect(others[0]).toMatchObject({ queue: 0 });
    expect(flow).toBeGreaterThanOrEqual(0);
    expect(queue).toBeGreaterThanOrEqual(0);
    expect(queue).toBeLessThan(4);
  });
});

describe('one frame on its way out', () => {
  /** Does something to the `nth` frame that it is given for transmission. */
  function sender(name: string, nth: number, harm: 'lose' | 'spoil'): NicDriverDefinition {
    return {
      ...polling,
      name,
      create: (environment, parameters) => {
        const driver = polling.create(environment, parameters);
        if (isScratch(environment)) return driver;
        const { pool, memory } = environment;
        const transmit = driver.transmit.bind(driver);
        let seen = 0;
        driver.transmit = (queue, burst, segments, source, position) => {
          const index = nth - 1 - seen;
          seen += segments;
          if (index < 0 || index >= segments) return transmit(queue, burst, segments, source, position);
          const victim = burst.buffers[index];
          if (harm === 'spoil') {
            memory.bytes[pool.address(victim) + 50] ^= 1;
            return transmit(queue, burst, segments, source, position);
          }
          pool.put(victim);
          const rest = new Burst();
          for (let i = 0, to = 0; i < segments; i++)
            if (i !== index) {
              rest.buffers[to] = burst.buffers[i];
              rest.lengths[to] = burst.lengths[i];
              rest.ends[to++] = burst.ends[i];
            }
          if (segments > 1) transmit(queue, rest, segments - 1, source, position);
        };
        return driver;
      },
    };
  }

  it('lost: named as never sent, though it was delivered', () => {
    const { violations, balances, facts } = run(sender('loses', VICTIM, 'lose'), { app: 'echo' });
    expect(facts[0].delivered.frames).toBe(FRAMES);
    expect(balances[0]).toMatchObject({ lost: 1, damaged: 0 });
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({
      invariant: 'transmit',
      flow: 0,
      sequence: SEQUENCE,
      message: `frame ${SEQUENCE} of flow 0 was never sent`,
    });
  });

  it('spoilt: named as sent damaged', () => {
    const { violations, balances } = run(sender('spoils', VICTIM, 'spoil'), { app: 'echo' });
    expect(balances[0].lost).toBe(0);
    expect(violations).toContainEqual(
      expect.objectContaining({
        invariant: 'transmit',
        flow: 0,
        sequence: SEQUENCE,
        message: `frame ${SEQUENCE} of flow 0 was sent damaged`,
      }),
    );
  });

  it('a buffer brought home too early is found in the accounts at that moment, or as damage', () => {
    const early: NicDriverDefinition = {
      ...polling,
      name: 'early',
      create: (environment, parameters) => {
        const driver = polling.create(environment, parameters);
        if (isScratch(environment)) return driver;
        const { state, memory, pool } = environment;
        const transmit = driver.transmit.bind(driver);
        let sent = 0;
        driver.transmit = (...given) => {
          transmit(...given);
          if (sent++ === 20) pool.put(memory.words[memory.words[state.tx(0) + TX.shadow]]);
        };
        return driver;
      },
    };
    const { violations } = run(early, { app: 'echo' });
    expect(violations.length).toBeGreaterThan(0);
  });
});
