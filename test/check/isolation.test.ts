/** A swap of one card changes nothing on another: the digest by which this is seen, and a driver that breaks it. */
import { describe, expect, it } from 'vitest';
import { IsolationCheck } from '../../src/check/isolation.ts';
import type { NicEnvironment } from '../../src/drivers/contract.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { H, type NicState, RX, TX } from '../../src/drivers/nic/state.ts';
import { TestMachine } from '../machine.ts';
import { altered } from '../swap/faulty.ts';
import { expectClean } from './verdict.ts';

function running(): { machine: TestMachine; environment: NicEnvironment } {
  const machine = TestMachine.started({ cards: [{ app: 'echo', queues: 2, flows: 8, frames: 5000 }] });
  machine.runFor(30);
  return { machine, environment: machine.slot().environment };
}

describe('the shape of a card', () => {
  it.each(['ring', 'slots', 'shadow', 'target', 'logical'] as const)(
    'changes with %s of a receive ring',
    (field) => {
      for (const queue of [0, 1]) {
        const { environment } = running();
        const before = environment.state.shape();
        environment.memory.words[environment.state.rx(queue) + RX[field]]++;
        expect(environment.state.shape()).not.toBe(before);
      }
    },
  );

  it.each(['ring', 'slots', 'shadow'] as const)('changes with %s of a transmit ring', (field) => {
    const { environment } = running();
    const before = environment.state.shape();
    environment.memory.words[environment.state.tx(1) + TX[field]] += 4;
    expect(environment.state.shape()).not.toBe(before);
  });

  it.each(['magic', 'device', 'queues', 'rxActive', 'txActive', 'adoptions'] as const)(
    'changes with %s in the header',
    (field) => {
      const { environment } = running();
      const before = environment.state.shape();
      environment.state.setHeader(field, environment.state.header(field) ^ 1);
      expect(environment.state.shape()).not.toBe(before);
      expect(H[field]).toBeGreaterThanOrEqual(0);
    },
  );

  it('changes when two rings change places', () => {
    const { environment } = running();
    const { words } = environment.memory;
    const before = environment.state.shape();
    const [a, b] = [environment.state.rx(0) + RX.ring, environment.state.rx(1) + RX.ring];
    [words[a], words[b]] = [words[b], words[a]];
    expect(environment.state.shape()).not.toBe(before);
  });

  it('stays the same while frames come and go', () => {
    const { machine, environment } = running();
    const before = environment.state.shape();
    const consumed = environment.memory.words[environment.state.rx(0) + RX.consumed];
    machine.finish();
    expect(environment.memory.words[environment.state.rx(0) + RX.consumed]).not.toBe(consumed);
    expect(environment.state.shape()).toBe(before);
  });
});

describe('looks at the other cards, one after each slice', () => {
  const CARDS = 4;

  function checked(): { check: IsolationCheck; states: NicState[]; spoil: (card: number) => void } {
    const states = Array.from({ length: CARDS }, () => running().environment.state);
    const check = new IsolationCheck(states);
    for (let card = 0; card < CARDS; card++) check.remember(card);
    const spoil = (card: number) => states[card].setHeader('adoptions', states[card].header('adoptions') + 1);
    return { check, states, spoil };
  }

  it('see a change of any other card within a round, and tell it once', () => {
    for (let own = 0; own < CARDS; own++)
      for (let other = 0; other < CARDS; other++) {
        if (other === own) continue;
        const { check, spoil } = checked();
        spoil(other);
        const looks = Array.from({ length: 2 * (CARDS - 1) }, () => check.lookAround(own));
        expect(looks.filter((intact) => !intact)).toHaveLength(1);
        expect(looks.slice(0, CARDS - 1)).toContain(false);
      }
  });

  it('see nothing in what a card\u2019s own slices change', () => {
    const { check, spoil } = checked();
    for (let slice = 0; slice < 20; slice++) {
      const card = slice % CARDS;
      spoil(card);
      expect(check.lookAround(card)).toBe(true);
    }
  });

  it('have nothing to look at with one card alone', () => {
    const { environment } = running();
    const check = new IsolationCheck([environment.state]);
    environment.state.setHeader('adoptions', 77);
    expect(check.lookAround(0)).toBe(true);
  });
});

describe('isolation', () => {
  const card = { driver: 'interrupt', app: 'forward', frames: 5000 } as const;

  it('holds in swaps of the built-in drivers', () => {
    const machine = TestMachine.started({ cards: [card, card] });
    machine.runFor(10);
    machine.swap('polling', { rxRing: 1024 }, 'inplace', 0);
    machine.swap('batching', { rxBuffers: 64 }, 'inplace', 1);
    expectClean(machine.conclude());
  });

  it('is broken by a driver that changes its neighbour\u2019s rings, and the swap is named', () => {
    const machine = new TestMachine({
      cards: [card, card],
      drivers: [
        altered('meddler', polling, (driver) => ({
          activate: () => {
            driver.activate();
            const { state, memory } = machine.slot(1).environment;
            memory.words[state.rx(0) + RX.target] = 100;
          },
        })),
      ],
    });
    machine.boot();
    machine.start();
    machine.runFor(10);
    expect(machine.swap('meddler').outcome).toBe('done');
    expect(machine.cpu.violations).toEqual([
      expect.objectContaining({
        invariant: 'isolation',
        device: 'eth0',
        message: 'swap 1 changed the rings of another device',
      }),
    ]);
  });

  it.each([1, 2, 3])(
    'is seen to be broken before the swap ends, also in its last slice: card %d of four',
    (victim) => {
      const machine = new TestMachine({
        cards: [card, card, card, card],
        drivers: [
          altered('meddler', polling, (driver) => ({
            release: () => {
              driver.release();
              const { state, memory } = machine.slot(victim).environment;
              memory.words[state.rx(0) + RX.logical] = 7;
            },
          })),
        ],
      });
      machine.boot();
      machine.start();
      machine.runFor(10);
      expect(machine.swap('meddler').outcome).toBe('done');
      expect(machine.cpu.violations).toEqual([]);
      expect(machine.swap('batching').outcome).toBe('done');
      expect(machine.cpu.violations).toEqual([
        expect.objectContaining({ device: 'eth0', message: 'swap 2 changed the rings of another device' }),
      ]);
    },
  );

  it('of two swaps at once, either may have broken it: both are named', () => {
    const machine = new TestMachine({
      cards: [card, card, card, card],
      drivers: [
        altered('meddler', polling, (driver) => ({
          activate: () => {
            driver.activate();
            const { state, memory } = machine.slot(3).environment;
            memory.words[state.rx(0) + RX.target] = 100;
          },
        })),
      ],
    });
    machine.boot();
    machine.start();
    machine.runFor(10);
    machine.ask('batching', {}, 'inplace', 1);
    machine.ask('meddler', {}, 'inplace', 0);
    machine.runUntil(() => machine.ended.length === 2);
    expect(machine.cpu.violations).toEqual([
      expect.objectContaining({ message: 'swap 2 or 1 changed the rings of another device' }),
    ]);
  });
});
