/** A swap of one card changes nothing on another: the digest by which this is seen, and a driver that breaks it. */
import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../src/check/isolation.ts';
import type { NicEnvironment } from '../../src/drivers/contract.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { H, RX, TX } from '../../src/drivers/nic/state.ts';
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
        const before = shapeOf(environment.state);
        environment.memory.words[environment.state.rx(queue) + RX[field]]++;
        expect(shapeOf(environment.state)).not.toBe(before);
      }
    },
  );

  it.each(['ring', 'slots', 'shadow'] as const)('changes with %s of a transmit ring', (field) => {
    const { environment } = running();
    const before = shapeOf(environment.state);
    environment.memory.words[environment.state.tx(1) + TX[field]] += 4;
    expect(shapeOf(environment.state)).not.toBe(before);
  });

  it.each(['magic', 'device', 'queues', 'rxActive', 'txActive', 'adoptions'] as const)(
    'changes with %s in the header',
    (field) => {
      const { environment } = running();
      const before = shapeOf(environment.state);
      environment.state.setHeader(field, environment.state.header(field) ^ 1);
      expect(shapeOf(environment.state)).not.toBe(before);
      expect(H[field]).toBeGreaterThanOrEqual(0);
    },
  );

  it('changes when two rings change places', () => {
    const { environment } = running();
    const { words } = environment.memory;
    const before = shapeOf(environment.state);
    const [a, b] = [environment.state.rx(0) + RX.ring, environment.state.rx(1) + RX.ring];
    [words[a], words[b]] = [words[b], words[a]];
    expect(shapeOf(environment.state)).not.toBe(before);
  });

  it('stays the same while frames come and go', () => {
    const { machine, environment } = running();
    const before = shapeOf(environment.state);
    const consumed = environment.memory.words[environment.state.rx(0) + RX.consumed];
    machine.finish();
    expect(environment.memory.words[environment.state.rx(0) + RX.consumed]).not.toBe(consumed);
    expect(shapeOf(environment.state)).toBe(before);
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
        message: 'swap 1 changed the rings of another card',
      }),
    ]);
  });
});
